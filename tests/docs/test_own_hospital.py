"""docs/own_hospital.md: its commands, run as they stand on drawn chests."""

import re
import shlex

import pytest

from pneumonia.__main__ import main
from scripts import ROOT
from tests.fixtures.tiny import SIZE, write_chests

PAGE = ROOT / "docs" / "own_hospital.md"


def commands():
    """Words of each command of the page, in its order."""
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("pneumonia ")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_commands_lead_from_a_folder_to_a_network(tmp_path, monkeypatch, capsys):
    write_chests(tmp_path / "hospital" / "scans", 18)
    write_chests(tmp_path / "public" / "chest_xray", 12)
    for path in (tmp_path / "public").rglob("*.png"):
        path.write_bytes(path.read_bytes() + b"1")  # else they would be the same files
    rows = ["file,label,patient,age,view"]
    for number, path in enumerate(sorted((tmp_path / "hospital").rglob("*.png"))):
        place = path.relative_to(tmp_path / "hospital").as_posix()
        rows.append(f"{place},{path.parent.name},p{number},{40 + number},{('PA', 'AP')[number % 2]}")
    rows[-1] = rows[-1].replace("PNEUMONIA,", "0.4,")
    (tmp_path / "hospital" / "labels.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    small = ["--epochs", "1", "--image-size", str(SIZE)]
    # Nothing is left in the checkout.
    besides = {"train": small, "cross-validate": small, "recalibrate": ["--output", "sites"]}
    for words in commands():
        with pytest.raises(SystemExit) as ended:
            main([*words, *besides.get(words[0], [])])
        assert ended.value.code in (None, 0, 1), (words, capsys.readouterr().err)
    folder = {path.name: path.read_bytes() for path in (tmp_path / "runs" / "ours").iterdir()}
    names = [path.stem.encode() for path in (tmp_path / "hospital").rglob("*.png")]
    assert not [(file, name) for file, content in folder.items() for name in names if name in content]
    card = folder["README.md"].decode()
    assert "Our hospital, 2020 to 2025" in card and "uncertain" in card
    assert (tmp_path / "runs" / "held-out.json").exists() and (tmp_path / "runs" / "readings.csv").exists()
