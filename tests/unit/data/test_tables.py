"""Tables of labelled images: what a row may state, how it is read, and how several sources go together."""

import csv

import cv2
import numpy as np
import pytest

from pneumonia.core.geometry import Box
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.populations import ADULTS, CHILDREN, population_of_age
from pneumonia.data.labelled_images import images_of
from pneumonia.data.manifest import read_classes, read_training_data
from pneumonia.data.patients import by_table
from pneumonia.data.splits import split_by_patient, split_by_source
from pneumonia.data.tables import NOTHING_STATED, UNLABELLED, Row, Stated, read_table
from pneumonia.errors import DataError
from tests.fixtures.tiny import write_tiny_data


def write_table(path, *rows):
    """Write rows, each a dictionary, and an image of its own for each file that they name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        table = csv.DictWriter(file, list({name: None for row in rows for name in row}))
        table.writeheader()
        table.writerows(rows)
    for number, row in enumerate(rows):
        image = path.parent / row["file"]
        image.parent.mkdir(parents=True, exist_ok=True)
        if not image.exists():
            cv2.imwrite(str(image), np.full((8, 8), number % 250, np.uint8))
    return path


def of_patients(count, **stated):
    """Two rows for each of so many patients of each class."""
    return [
        {
            "file": f"{stated.get('population', 'x')}/{name}-{n}-{i}.png",
            "label": name,
            "patient": f"{name}{n}",
            **stated,
        }
        for name in CLASS_NAMES
        for n in range(count)
        for i in range(2)
    ]


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ({"label": "PNEUMONIA"}, Row("a.png", 1, None, NOTHING_STATED)),
        ({"label": "normal"}, Row("a.png", 0, None, NOTHING_STATED)),
        ({"label": ""}, Row("a.png", UNLABELLED, None, NOTHING_STATED)),
        ({"label": "0.4"}, Row("a.png", UNLABELLED, None, Stated(share=0.4))),
        ({"label": "1", "weight": "0.5"}, Row("a.png", 1, None, Stated(weight=0.5))),
        ({"label": "0.0", "readers": "other"}, Row("a.png", 0, None, Stated(readers="other"))),
        ({"label": "Normal", "patient": ""}, Row("a.png", 0, "", NOTHING_STATED)),
        ({"readers": "opacity"}, Row("a.png", 1, None, Stated(readers="opacity"))),
        ({"readers": "other"}, Row("a.png", 0, None, Stated(readers="other"))),
        ({"readers": "normal", "label": "NORMAL"}, Row("a.png", 0, None, Stated(readers="normal"))),
        (
            {"patient": "7", "population": "Adults", "view": "ap", "age": "55", "sex": "F"},
            Row("a.png", UNLABELLED, "7", Stated(population=ADULTS, view="AP", age=55)),
        ),
        (
            {"label": "PNEUMONIA", "boxes": "[[0.25, 0.5, 0.25, 0.25], [0, 0, 1, 1]]"},
            Row("a.png", 1, None, Stated(boxes=(Box(0.25, 0.5, 0.5, 0.75), Box(0, 0, 1, 1)))),
        ),
    ],
)
def test_what_a_row_states(row, read, tmp_path):
    assert read_table(write_table(tmp_path / "table.csv", {"file": "a.png", **row})) == [read]


@pytest.mark.promise(
    "A table that states what cannot be is refused with its line, its column and what should stand there.",
    part="Figures",
)
@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("label", "yes", "PNEUMONIA"),
        ("label", "1.5", "from 0 to 1"),
        ("label", "nan", "PNEUMONIA"),
        ("weight", "0", "above 0"),
        ("weight", "inf", "above 0"),
        ("population", "dogs", "children or adults"),
        ("view", "lateral", "PA or AP"),
        ("age", "-1", "years"),
        ("age", "nan", "years"),
        ("boxes", "[[0, 0, 2, 2]]", "fractions"),
        ("boxes", "[[0, 0, 0, 1]]", "fractions"),
        ("boxes", "0 0 1 1", "JSON"),
        ("boxes", '[["0", 0, 1, 1]]', "JSON"),
        ("readers", "maybe", "opacity, normal, other"),
    ],
)
def test_a_wrong_row_is_named(column, text, expected, tmp_path):
    table = write_table(tmp_path / "t.csv", {"file": "a.png", column: ""}, {"file": "b.png", column: text})
    with pytest.raises(DataError, match=rf"t\.csv, line 3: {column} is .*{expected}"):
        read_table(table)


def test_a_label_that_radiologists_contradict_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 2: label and readers"):
        read_table(write_table(tmp_path / "t.csv", {"file": "a.png", "label": "PNEUMONIA", "readers": "other"}))


def test_a_table_needs_files_and_each_once(tmp_path):
    with pytest.raises(DataError, match="line 2 and in line 3"):
        read_table(write_table(tmp_path / "t.csv", {"file": "a.png"}, {"file": "./a.png"}))
    (tmp_path / "t.csv").write_text("name,label\na.png,1\n")
    with pytest.raises(DataError, match="file"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"file\n\xff\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_table(tmp_path / "t.csv")


def test_what_a_table_lists_and_cannot_be_used_is_told(tmp_path):
    table = write_table(tmp_path / "site.csv", *of_patients(1), {"file": "c.png", "label": ""}, {"file": "d.png"})
    (tmp_path / "d.png").unlink()
    manifest = read_classes(table)
    assert len(manifest.records) == 4 and not manifest.unlabelled and not manifest.patient_unknown
    assert list(map(str, manifest.left_out)) == [
        "d.png: 1 file, which is not there",
        f"{tmp_path.name}: 1 file, without a label that is certain",
    ]
    images, left_out = images_of(table)
    assert [image.patient for image in images] == [record.patient for record in manifest.records]
    assert left_out == manifest.left_out


def test_a_table_without_patients_may_be_helped(tmp_path):
    rows = [{**row, "file": f"scan {n}.png"} for n, row in enumerate(of_patients(2))]
    table = write_table(tmp_path / "t.csv", *({k: v for k, v in row.items() if k != "patient"} for row in rows))
    assert read_classes(table).patient_unknown == len(rows)
    whose = write_table(tmp_path / "whose.csv", *({"file": row["file"], "patient": row["patient"]} for row in rows))
    assert {record.patient for record in read_classes(table, by_table(whose)).records} == {
        row["patient"] for row in rows
    }


@pytest.fixture
def two_sources(tmp_path):
    write_tiny_data(tmp_path / "ward")
    return tmp_path / "ward", write_table(tmp_path / "clinic" / "t.csv", *of_patients(10, population="adults"))


def test_several_sources_are_divided_as_each_alone(two_sources):
    folder, table = two_sources
    both = read_training_data([folder, table], populations=["children"] * 2)
    assert {record.stated.population for record in both.records if record.source == "ward"} == {CHILDREN}
    assert {record.stated.population for record in both.records if record.source == "clinic/t.csv"} == {ADULTS}
    together = {record.sha256 for record in split_by_patient(both.records, 3)[1]}
    alone = [split_by_patient(read_training_data([source]).records, 3)[1] for source in two_sources]
    assert together == {record.sha256 for records in alone for record in records}


def test_a_source_is_held_out(two_sources):
    records = read_training_data(two_sources).records
    for number, source in enumerate(("ward", "clinic/t.csv")):
        inside, outside = split_by_source(records, number)
        assert {record.source for record in outside} == {source} and source not in {r.source for r in inside}
    with pytest.raises(DataError, match="--data"):
        split_by_source(inside, 0)


def test_an_image_of_two_sources_stays_on_one_side(two_sources):
    folder, table = two_sources
    twin = sorted((folder / "NORMAL").iterdir())[0]
    (table.parent / "adults" / "NORMAL-0-0.png").write_bytes(twin.read_bytes())
    records = read_training_data(two_sources).records
    groups = {record.patient for record in records if record.path.name in (twin.name, "NORMAL-0-0.png")}
    assert len(groups) == 1
    train, validation = split_by_patient(records, 0)
    assert not {record.patient for record in train} & {record.patient for record in validation}


def test_ages_between_the_populations_are_left_out(tmp_path):
    ages = [
        {**row, "age": age}
        for row, age in zip(of_patients(2), ("3", "5.9", "6", "17", "18", "80", "", "0"), strict=True)
    ]
    manifest = read_training_data([write_table(tmp_path / "t.csv", *ages)], populations=["adults"])
    assert [record.stated.population for record in manifest.records] == [CHILDREN] * 2 + [ADULTS] * 3
    (left,) = manifest.left_out
    assert left.files == 3 and "6 to 17" in left.reason
    assert [population_of_age(years) for years in (0.9, 1, 5.99, 6, 17.99, 18)] == [
        *(None, CHILDREN, CHILDREN, None, None, ADULTS)
    ]


def test_populations_are_one_for_each_source_or_one_for_all(two_sources):
    assert {r.stated.population for r in read_training_data(two_sources, populations=["children"]).records} == {
        *(CHILDREN, ADULTS)
    }
    with pytest.raises(DataError, match="2 sources of images and 3 populations"):
        read_training_data(two_sources, populations=["children"] * 3)


@pytest.mark.promise(
    "A source that holds one class only is never trained on.",
    part="Figures",
)
def test_a_source_of_one_class_is_refused(two_sources, tmp_path):
    only = write_table(tmp_path / "only.csv", *({**row, "label": "PNEUMONIA"} for row in of_patients(3)))
    with pytest.raises(DataError, match="class NORMAL"):
        read_training_data([*two_sources, only])
    # So it is where the ages that no population has are all of one class.
    aged = write_table(
        tmp_path / "aged.csv", *({**row, "age": 10 if row["label"] == "NORMAL" else 40} for row in of_patients(3))
    )
    with pytest.raises(DataError, match="class NORMAL"):
        read_training_data([aged])


def test_sources_that_cannot_be_told_apart_are_refused(two_sources, tmp_path):
    _, table = two_sources
    again = write_table(tmp_path / "other" / "clinic" / "t.csv", *of_patients(6))
    with pytest.raises(DataError, match="same name"):
        read_training_data([table, again])
    # Of patients with the same numbers nobody knows whether they are the same.
    renamed = write_table(tmp_path / "third" / "t.csv", *of_patients(10))
    records = read_training_data([table, renamed]).records
    assert all(split_by_patient(records, 0))
    with pytest.raises(DataError, match="hospital's name"):
        split_by_source(records, 0)
