"""The table of adults, from made files of the forms that NIH and RSNA publish."""

import csv
import json

import numpy as np
import pytest

from pneumonia.core.geometry import Box
from pneumonia.data.manifest import read_classes
from pneumonia.data.sources.nih_rsna import write_table
from pneumonia.errors import DataError
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.commands import run_here

ENTRIES = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
    "00000007_000.png,Pneumonia,0,7,058Y,M,AP\n00000007_001.png,No Finding,1,7,58,M,PA\n"
    "00000009_000.png,Mass,0,9,411,F,PA\n00000011_000.png,No Finding,0,11,30,F,PA\n"
    "00000013_000.png,No Finding,0,13,44,F,PA\n"
)
CLASSES = (
    "patientId,class\nuuid-a,Lung Opacity\nuuid-a,Lung Opacity\nuuid-b,Normal\nuuid-c,No Lung Opacity / Not Normal\n"
    "uuid-e,Normal\n"
)
BOXES = (
    "patientId,x,y,width,height,Target\nuuid-a,256.0,512.0,128.0,256.0,1\nuuid-a,512,0,256,512,1\nuuid-b,,,,,0\n"
    "uuid-c,,,,,0\n"
)


@pytest.fixture
def downloaded(tmp_path):
    """Four of five images of NIH, one of which no radiologist saw; and the files of the challenge."""
    nih, rsna = tmp_path / "nih", tmp_path / "rsna"
    images = nih / "images_001" / "images"
    images.mkdir(parents=True)
    rsna.mkdir()
    for number, name in enumerate(("00000007_000", "00000007_001", "00000009_000", "00000011_000")):
        (images / f"{name}.png").write_bytes(encode(np.roll(radiograph(), number, axis=1), "PNG"))
    (nih / "Data_Entry_2017_v2020.csv").write_text(ENTRIES)
    (rsna / "stage_2_detailed_class_info.csv").write_text(CLASSES)
    (rsna / "stage_2_train_labels.csv").write_text(BOXES)
    pairs = {"7_000": "a", "7_001": "b", "9_000": "c", "13_000": "e"}
    names = [
        {"img_id": f"{nih_id.zfill(12)}.png", "subset_img_id": f"uuid-{letter}", "orig_labels": ["Mass"]}
        for nih_id, letter in pairs.items()
    ]
    (rsna / "pneumonia-challenge-dataset-mappings_2018.json").write_text(json.dumps(names))
    return nih, rsna


def test_names_boxes_and_classes_are_joined(downloaded, tmp_path):
    counts = write_table(*downloaded, tmp_path / "tables" / "adults.csv")
    assert counts == {"opacity": 1, "normal": 1, "other": 1}
    records = {record.path.name: record for record in read_classes(tmp_path / "tables" / "adults.csv").records}
    assert all(record.path.is_file() for record in records.values())
    first = records["00000007_000.png"]
    assert (first.label, first.patient, first.stated.population, first.stated.view) == (1, "nih-7", "adults", "AP")
    assert first.stated.boxes == (Box(0.25, 0.5, 0.375, 0.75), Box(0.5, 0.0, 0.75, 0.5))
    other = records["00000009_000.png"]
    assert other.label == 0 and other.stated.readers == "other" and other.stated.age is None
    with (tmp_path / "tables" / "adults.csv").open() as file:
        assert next(row["file"] for row in csv.DictReader(file)) == "../nih/images_001/images/00000007_000.png"


def test_the_command_writes_the_table(downloaded, tmp_path):
    nih, rsna = downloaded
    done = run_here("get_data.py", "--nih", nih, "--rsna", rsna, "--output", tmp_path / "adults.csv")
    assert done.returncode == 0 and "1 normal, 1 opacity, 1 other" in done.stdout, done.stderr
    assert run_here("get_data.py", "--nih", nih, "--output", tmp_path / "a.csv").returncode == 2
    assert "ends in .csv" in run_here("get_data.py", "--nih", nih, "--rsna", rsna, "--output", tmp_path / "a").stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rsna/stage_2_train_labels.csv", None, "stage_2_train_labels.csv"),
        ("rsna/stage_2_detailed_class_info.csv", "patientId,klass\n", "'class'"),
        ("rsna/stage_2_train_labels.csv", "patientId,x,y,width,height\nuuid-a,1,2,3,wide\n", "numbers"),
        ("rsna/pneumonia-challenge-dataset-mappings_2018.json", "[{}]", "mapping"),
        ("rsna/pneumonia-challenge-dataset-mappings_2018.json", "[", "mapping"),
        ("rsna/stage_2_detailed_class_info.csv", "patientId,class\nuuid-x,Normal\n", "None of the images"),
        ("nih/Data_Entry_2017_more.csv", "x", "2 files in nih"),
    ],
)
def test_what_is_missing_or_of_another_form_is_named(name, content, words, downloaded, tmp_path):
    (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=words):
        write_table(*downloaded, tmp_path / "adults.csv")
    assert not (tmp_path / "adults.csv").exists()
