"""Folders to records, and records to splits."""

from pathlib import Path

import pytest

from pneumonia.data.manifest import Record, fingerprint, patient_of, read_classes, read_training_folder
from pneumonia.data.splits import split_by_patient, split_by_series, split_outside
from pneumonia.errors import DataError
from tests.tiny import write_tiny_data


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person5_bacteria_17.jpeg", "person-5"),
        ("person5_virus_2.jpeg", "person-5"),
        ("person15_virus_2.jpeg", "person-15"),
        ("IM-0117-0001.jpeg", "im-117"),
        ("NORMAL2-IM-0117-0001-0002.jpeg", "im-117"),
        ("00001280_004.jpeg", "nih-1280"),
        ("my scan.png", "my scan"),
    ],
)
def test_patient_of(name, patient):
    assert patient_of(name) == patient


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_identical_files_share_a_patient(tmp_path):
    write(
        tmp_path,
        {
            "NORMAL/IM-0001-0001.jpeg": b"a",
            "NORMAL/IM-0002-0001.jpeg": b"b",
            "NORMAL/IM-0003-0001.jpeg": b"b",
            "PNEUMONIA/person1_virus_1.jpeg": b"a",
        },
    )
    groups = {record.path.name: record.patient for record in read_training_folder(tmp_path)}
    assert groups["IM-0002-0001.jpeg"] == groups["IM-0003-0001.jpeg"]
    assert groups["IM-0001-0001.jpeg"] == groups["person1_virus_1.jpeg"] != groups["IM-0002-0001.jpeg"]


def test_train_and_val_are_merged_and_test_is_never_read(tmp_path):
    for part in ("train", "val", "test"):
        write(tmp_path, {f"{part}/NORMAL/{part}-n": b"n", f"{part}/PNEUMONIA/{part}-p": b"p"})
    names = {record.path.name for record in read_training_folder(tmp_path)}
    assert names == {"train-n", "train-p", "val-n", "val-p"}


def test_a_missing_class_is_named(tmp_path):
    write(tmp_path, {"NORMAL/a": b"a"})
    with pytest.raises(DataError, match="PNEUMONIA"):
        read_classes(tmp_path)


def test_split_divides_no_patient_and_keeps_the_shares(tmp_path):
    files = {f"NORMAL/IM-{i // 2:04d}-{i:04d}.jpeg": f"n{i}".encode() for i in range(60)}
    files |= {f"PNEUMONIA/person{i // 3}_virus_{i}.jpeg": f"p{i}".encode() for i in range(180)}
    write(tmp_path, files)
    records = read_training_folder(tmp_path)
    train, validation = split_by_patient(records, seed=3)
    assert sorted(r.path for r in train + validation) == sorted(r.path for r in records)
    assert not {r.patient for r in train} & {r.patient for r in validation}
    assert len(validation) == pytest.approx(48, abs=3)
    assert sum(r.label for r in validation) == pytest.approx(36, abs=3)
    assert split_by_patient(records, seed=3) == (train, validation)
    assert split_by_patient(records, seed=4)[1] != validation


def test_too_few_patients_are_refused(tmp_path):
    write_tiny_data(tmp_path, patients=3)
    with pytest.raises(DataError, match="5 patients"):
        split_by_patient(read_training_folder(tmp_path), seed=0)


def test_outside_halves_keep_patients_together(tmp_path):
    write(tmp_path, {f"NORMAL/{i // 3:08d}_{i:03d}.jpeg": f"{i}".encode() for i in range(90)})
    write(tmp_path, {"PNEUMONIA/00009999_000.jpeg": b"p"})
    selection, report = split_outside(read_classes(tmp_path))
    assert not {r.patient for r in selection} & {r.patient for r in report}
    assert min(len(selection), len(report)) > 20


def test_fingerprint_ignores_order_and_sees_labels(tmp_path):
    write_tiny_data(tmp_path)
    records = read_training_folder(tmp_path)
    assert fingerprint(records) == fingerprint(records[::-1])
    assert fingerprint(records) != fingerprint(records[1:])


def test_the_real_set_has_no_patient_on_both_sides(data_dir):
    records = read_training_folder(data_dir / "chest_xray")
    train, validation = split_by_patient(records, seed=0)
    assert len(records) == 5216
    assert not {r.patient for r in train} & {r.patient for r in validation}
    assert not {r.sha256 for r in train} & {r.sha256 for r in validation}
    shares = [sum(r.label for r in part) / len(part) for part in (train, validation)]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)


def record(name, label):
    return Record(Path(name), label, patient_of(name), name)


def test_a_series_is_held_out_with_every_image_of_its_patients():
    normals = [record(f"IM-{n:04d}-0001.jpeg", 0) for n in (1, 2, 3)]
    normals += [record(f"NORMAL2-IM-{n:04d}-0001.jpeg", 0) for n in (3, 4)]
    diseased = [record(f"person{n}_bacteria_{n}.jpeg", 1) for n in (1, 2, 8, 9)]
    inside, outside = split_by_series(normals + diseased, held_out=1)
    assert [r.path.stem for r in outside] == [
        "NORMAL2-IM-0003-0001",
        "NORMAL2-IM-0004-0001",
        "person8_bacteria_8",
        "person9_bacteria_9",
    ]
    # Number 3 is in both series, so its image of the first is not trained with.
    assert [r.path.stem for r in inside] == [
        "IM-0001-0001",
        "IM-0002-0001",
        "person1_bacteria_1",
        "person2_bacteria_2",
    ]
    inside, outside = split_by_series(normals + diseased, held_out=0)
    assert {r.patient for r in inside}.isdisjoint(r.patient for r in outside)
    assert len(outside) == 5 and len(inside) == 3


def test_images_of_other_names_have_no_series():
    with pytest.raises(DataError, match="do not tell"):
        split_by_series([record("a.png", 0), record("b.png", 1)], 0)
    with pytest.raises(DataError, match="lacks"):
        split_by_series([record("IM-0001-0001.png", 0), record("person1_virus_1.png", 1)], 0)
