"""Good files under odd names, which a file system can hold."""

from scripts.studies.reliability.abuse.answers import CHEST
from scripts.studies.reliability.abuse.cases import reads
from scripts.studies.reliability.synthetic_images import encode

NAMES = (
    *("IM0001", "CHEST.PNG", "chest.dcm", "chest.pdf", ".png", "-rf", "röntgen 肺.png", "n" * 251 + ".png"),
    *("<img src=x onerror=alert(1)>.png", "=1+1.png", "@SUM(A1)", "line\nbreak.png", "bell\a.png", "tab\t.png"),
    *("gnp\u202e.exe", "a;=HYPERLINK(0);.png", "'; DROP TABLE readings;--", "%2e%2e%2fetc%2fpasswd", "CON", "${HOME}"),
)
CASES = [reads(f"named {name!r}"[:80], lambda: encode(CHEST, "PNG"), name=name) for name in NAMES]
