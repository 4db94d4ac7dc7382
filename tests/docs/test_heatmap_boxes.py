"""Heatmaps beside the boxes of radiologists: by hand, and the whole command on drawn chests."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from pneumonia.core.geometry import Box
from pneumonia.data.manifest import Record
from pneumonia.errors import DataError
from scripts import ROOT
from scripts.studies import study
from scripts.studies.heatmaps import boxes
from scripts.studies.heatmaps.__main__ import STUDY
from scripts.studies.heatmaps.boxes import Scored, box_figures, inside_boxes, score
from scripts.studies.heatmaps.cases import SERVED, MeasuredCase
from tests.fixtures.tiny import write_two_hospitals

LEFT = (Box(0.0, 0.0, 0.5, 1.0),)


def test_the_pixels_of_boxes():
    inside = inside_boxes([Box(0.25, 0.5, 0.5, 1.0), Box(0.75, 0.0, 1.0, 0.25)], (8, 4))
    assert np.flatnonzero(inside.any(axis=0)).tolist() == [1, 3] and inside[4:, 1].all() and inside[:2, 3].all()
    assert inside.sum() == 4 + 2


def test_a_map_in_the_box_and_one_outside():
    left = np.zeros((4, 4), np.float32)
    left[:, :2] = 1.0
    inside = inside_boxes(LEFT, (64, 64))
    good, bad = score(left, LEFT, inside, ~inside), score(left[:, ::-1], LEFT, inside, None)
    assert good.peak and not bad.peak
    assert good.share > 0.85 and bad.share < 0.15
    assert good.lungs == pytest.approx(1 - good.share) and bad.lungs is None
    assert good.overlap.max() > 0.9 and bad.overlap.min() < 0.1
    nothing = score(-np.ones((4, 4), np.float32), LEFT, inside, inside)
    assert not nothing.peak and nothing.share is None and not nothing.overlap.any()


def test_the_level_of_the_outline_is_chosen_on_other_patients():
    """One patient's map would be best at another level than those of the others."""
    cases = [
        MeasuredCase(Record(Path(f"{n}.png"), 1, f"{n}", f"{n:08x}"), np.zeros((8, 8), np.float32), None, False)
        for n in range(5)
    ]
    levels = len(score(np.ones((2, 2), np.float32), LEFT, inside_boxes(LEFT, (8, 8)), None).overlap)
    usual, odd = np.eye(levels)[3], np.eye(levels)[7]
    figures = box_figures(cases, [Scored(True, 0.5, None, odd if n == 0 else usual) for n in range(5)])
    assert figures["overlap"]["value"] == pytest.approx(4 / 5) and figures["peak"]["value"] == 1.0


@pytest.mark.slow
def test_the_command_writes_figures_that_can_be_rendered(monkeypatch, tmp_path):
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    monkeypatch.setattr(boxes, "PUBLISHED", ("custom-cnn",))
    ward, clinic = write_two_hospitals(tmp_path)
    rows = []
    for number, path in enumerate(sorted(clinic.glob("*/*"))):
        opacity = path.parent.name == "PNEUMONIA"
        drawn = "[[0.0, 0.0, 1.0, 1.0]]" if opacity else ""
        rows.append((path.relative_to(tmp_path), "opacity" if opacity else "normal", f"p{number}", drawn))
    table = tmp_path / "clinic.csv"

    def write(boxed):
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "readers", "patient", "boxes"))
            writer.writerows((*row[:3], row[3] if boxed else "") for row in rows)

    command = ["measure", "boxes", "--data", str(ward), str(table), "--populations", "children", "adults"]
    write(boxed=True)
    assert STUDY.main(command) == 0
    result = json.loads((tmp_path / "heatmaps" / "boxes.json").read_text())
    served = result["variants"]["custom-cnn"]["maps"][SERVED]
    drawn = sum(1 for row in rows if row[3])
    assert served["peak"]["n"] == drawn and 0 < served["peak"]["value"] <= 1
    maps = json.loads((ROOT / "docs" / "studies" / "heatmaps" / "maps.json").read_text())
    assert f"{drawn} radiographs of {drawn} adults" in STUDY.render({"maps": maps, "boxes": result})
    write(boxed=False)
    with pytest.raises(DataError, match="box"):
        STUDY.main(command)
