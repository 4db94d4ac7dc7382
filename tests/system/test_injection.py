"""What a header says is never repeated as it stands: neither on a page, nor in a table, nor to a terminal.

File names, and formulas in tables, are in test_names.py; lines of the server's log in test_attacks.py.
"""

import subprocess
import sys

import pytest

from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.variants.registry import DEFAULT
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import dicom_bytes, radiograph
from tests.fixtures.fakes import load_fake

MARK = "ZEBRA"
# A terminal's own language, a page's, a table's and a log's, each with a mark; the standard's code strings are no
# protection, for nobody keeps a sender from writing others.
HOSTILE = f'\x1b[2J\x1b]0;{MARK}\x07<IMG SRC=X ONERROR={MARK}>\r\n=1+{MARK}\n{{"EVENT": "{MARK}"}}'
HEADERS = {
    **{keyword: HOSTILE for keyword in ("Modality", "BodyPartExamined", "ViewPosition", "PatientOrientation")},
    **{"PatientAge": HOSTILE, "BurnedInAnnotation": f"YES {HOSTILE}", "SOPClassUID": f"1.2.3{HOSTILE}"},
}
# Each refused or warned of for what else is in the same string.
BESIDE_A_CODE = {
    "ViewPosition": f"LATERAL {HOSTILE}",
    "PhotometricInterpretation": f"YBR_{HOSTILE}",
    "BodyPartExamined": f"SKULL {HOSTILE}",
    "Modality": f"CT {HOSTILE}",
}


@pytest.mark.promise("No string of a header is repeated, in a page, a table or a terminal.", part="Security")
@pytest.mark.parametrize(
    "headers",
    [HEADERS, *({keyword: value} for keyword, value in BESIDE_A_CODE.items())],
    ids=["all", *BESIDE_A_CODE],
)
def test_no_string_of_a_header_is_repeated(headers, tmp_path, capfd):
    path = tmp_path / "chest.dcm"
    path.write_bytes(dicom_bytes(radiograph(), **headers))
    shown = ReadHandlers(Predictors(load_fake)).on_read(str(path), DEFAULT, "balanced", Session())
    assert MARK not in str(shown).upper() and "\x1b" not in str(shown)
    assert MARK not in "".join(capfd.readouterr())


@pytest.mark.parametrize("form", ["text", "jsonl", "csv"])
def test_a_terminal_and_a_file_get_no_escape_sequence(tmp_path, form):
    """Neither from a header nor from the name of a file or folder; CSV keeps a name as it is, within its cell."""
    folder = tmp_path / "\x1b[2Jward\n"
    folder.mkdir()
    for number, headers in enumerate((HEADERS, {"ViewPosition": BESIDE_A_CODE["ViewPosition"]})):
        (folder / f"\x1b[31m{number}\r.dcm").write_bytes(dicom_bytes(radiograph(), **headers))
    command = [sys.executable, str(ROOT / "scripts" / "predict.py"), "--format", form, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 1 and MARK not in done.stdout + done.stderr
    assert "\x1b" not in done.stderr and (form == "csv" or "\x1b" not in done.stdout)
