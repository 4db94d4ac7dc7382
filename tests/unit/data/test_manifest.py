"""Folders to records, and records to splits."""

import os
import re
from pathlib import Path

import pytest

from pneumonia.data.manifest import Record, fingerprint, read_classes, read_training_folder
from pneumonia.data.patients import by_pattern, by_table, patient_of
from pneumonia.data.splits import split_by_patient, split_by_series, split_external
from pneumonia.errors import DataError
from tests.fixtures.tiny import write_tiny_data


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person5_bacteria_17.jpeg", "person-5"),
        ("person5_virus_2.jpeg", "person-5"),
        ("person15_virus_2.jpeg", "person-15"),
        ("IM-0117-0001.jpeg", "im-117"),
        ("NORMAL2-IM-0117-0001-0002.jpeg", "im-117"),
        ("train/normal/IM-0117-0001.png", "im-117"),
        # What a viewer exported: its number is that of a series, in the folder of a patient.
        ("NORMAL/DOE/Thorax/IM-0002-0001.dcm", None),
        ("00001280_004.jpeg", "nih-1280"),
        ("00001280_004", "nih-1280"),
        ("20240131_001.png", None),  # a date, not one of the NIH's 30,805 patients
        ("BACTERIA-1008087-0001.jpeg", "mendeley-1008087"),
        ("patient000_view0.png", "patient-0"),
        ("PNEUMONIA/patient00012/study1/view1_frontal.jpg", "patient-12"),
        ("NORMAL/patient00012_study1_view1_frontal.jpg", "patient-12"),
        ("NORMAL/p10/p10000032/s50414267/02aa804e.jpg", "mimic-10000032"),
        ("sub-S03047_ses-E07985_run-1_bp-chest_vp-pa_dx.png", "sub-S03047"),
        # RSNA, VinDr and others name images by hashes.
        ("0004cfab-14fd-4e49-80ba-63a80b6bddd6.dcm", None),
        ("NORMAL/0000.jpeg", None),
        ("my scan.png", None),
        ("impatient-12.png", None),
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
            "PNEUMONIA/person1_virus_1.jpeg": b"c",
        },
    )
    groups = {record.path.name: record.patient for record in read_training_folder(tmp_path).records}
    assert groups["IM-0002-0001.jpeg"] == groups["IM-0003-0001.jpeg"]
    assert len({groups[name] for name in ("IM-0001-0001.jpeg", "person1_virus_1.jpeg", "IM-0002-0001.jpeg")}) == 3


@pytest.mark.parametrize("read", [read_classes, read_training_folder])
def test_one_image_in_both_classes_is_refused(read, tmp_path):
    write(tmp_path, {"NORMAL/a": b"a", "NORMAL/b": b"b", "PNEUMONIA/c": b"a", "PNEUMONIA/d": b"b", "PNEUMONIA/e": b"e"})
    with pytest.raises(DataError, match=r"NORMAL/a and PNEUMONIA/c .*2 pairs"):
        read(tmp_path)


def test_a_name_in_both_classes_is_no_patient(tmp_path):
    write(
        tmp_path, {f"{name}/{n:04d}.jpeg": f"{name}{n}".encode() for name in ("NORMAL", "PNEUMONIA") for n in range(6)}
    )
    manifest = read_training_folder(tmp_path)
    assert len({record.patient for record in manifest.records}) == 12
    assert manifest.patients_from == "unknown" and manifest.patient_unknown == 12


ODD = {
    "NORMAL/a": b"1",
    "pneumonia/bacteria/b": b"2",
    "Pneumonia/virus/deep/c": b"3",
    "COVID/d": b"4",
    "COVID/more/e": b"5",
    "stray": b"6",
    "PNEUMONIA/NORMAL/f": b"7",
    "NORMAL/test/g": b"8",
    "chest_xray/NORMAL/h": b"9",
    "NORMAL/.hidden": b"10",
    ".git/NORMAL/i": b"11",
    "__MACOSX/NORMAL/._a": b"12",
    "test/NORMAL/j": b"13",
    "SOURCE.json": b"14",
}


def test_what_is_below_a_class_is_read_and_all_else_is_named_with_its_count(tmp_path):
    write(tmp_path, ODD)
    manifest = read_training_folder(tmp_path)
    assert [(record.place, record.label) for record in manifest.records] == [
        ("NORMAL/a", 0),
        ("Pneumonia/virus/deep/c", 1),
        ("pneumonia/bacteria/b", 1),
    ]
    left_out = {left.place: left.files for left in manifest.left_out}
    assert left_out == {"*": 1, "COVID/": 2, "NORMAL/test/": 1, "PNEUMONIA/NORMAL/": 1, "chest_xray/": 1}
    assert "COVID/: 2 files, outside of the folders NORMAL and PNEUMONIA that are read" in map(str, manifest.left_out)
    # Here test/ is one more folder that is not read.
    left_out["test/"] = 1
    assert {left.place: left.files for left in read_classes(tmp_path).left_out} == left_out


def test_parts_are_read_by_either_name_and_what_lies_beside_them_is_named(tmp_path):
    files = {f"{part}/{name}/{part}-{name}": f"{part}{name}".encode() for part in ("train", "validation", "Val", "test")
             for name in ("NORMAL", "PNEUMONIA")}  # fmt: skip
    write(tmp_path, {**files, "NORMAL/x": b"x", "PNEUMONIA/y": b"y", "train/COVID/z": b"z", "train/stray": b"s",
                     "test/stray": b"t", "valid/NORMAL/v": b"v"})  # fmt: skip
    manifest = read_training_folder(tmp_path)
    assert {record.part for record in manifest.records} == {"train", "val", "validation"} and len(manifest.records) == 6
    left_out = {left.place: left.files for left in manifest.left_out}
    assert left_out == {"NORMAL/": 1, "PNEUMONIA/": 1, "train/*": 1, "train/COVID/": 1, "valid/": 1}


def test_links_are_followed_and_what_leads_nowhere_is_named(tmp_path):
    data = tmp_path / "data"
    write(tmp_path, {"data/NORMAL/a": b"a", "elsewhere/b": b"b", "elsewhere/deep/c": b"c"})
    (data / "PNEUMONIA").symlink_to(tmp_path / "elsewhere")
    (data / "NORMAL" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path)
    os.mkfifo(data / "NORMAL" / "pipe")
    manifest = read_training_folder(data)
    assert [record.place for record in manifest.records] == ["NORMAL/a", "PNEUMONIA/b", "PNEUMONIA/deep/c"]
    assert {left.place: left.reason for left in manifest.left_out} == {
        "NORMAL/gone": "a link to a file that is not there",
        "NORMAL/pipe": "no regular file",
        "PNEUMONIA/round": "a link to a folder that it lies in, or that another link leads to",
    }


def test_a_missing_class_is_refused_with_what_is_there_instead(tmp_path):
    write(tmp_path, {"chest_xray/train/NORMAL/a": b"a", "chest_xray/train/PNEUMONIA/b": b"b"})
    with pytest.raises(DataError, match=r"NORMAL.*chest_xray/: 2 files"):
        read_training_folder(tmp_path)


class TestPatients:
    """Told by a pattern or a table."""

    NAMES = ("NORMAL/a1.png", "NORMAL/b1.png", "PNEUMONIA/a2.png", "PNEUMONIA/c1.png")

    def groups(self, folder, patients):
        manifest = read_training_folder(folder, patients)
        return {record.place: record.patient for record in manifest.records}, manifest

    @pytest.fixture
    def folder(self, tmp_path):
        write(tmp_path / "data", {name: name.encode() for name in self.NAMES})
        return tmp_path / "data"

    def table(self, folder, text):
        path = folder / "patients.csv"
        path.write_text(text)
        return by_table(path)

    def test_a_pattern(self, folder):
        groups, manifest = self.groups(folder, by_pattern(re.compile(r"/([a-z])\d\.png$")))
        assert list(groups.values()) == ["a", "b", "a", "c"] and manifest.patients_from == "pattern"
        with pytest.raises(DataError, match=r"no patient of 2 of 4 .*'NORMAL/b1.png'"):
            self.groups(folder, by_pattern(re.compile("/(a)")))

    def test_a_table_in_the_folder_itself(self, folder):
        table = "\ufefffile,patient\na1.png,one\nNORMAL/b1.png,\nPNEUMONIA\\a2.png,one\nc1.png,three\nother.png,x\n"
        groups, manifest = self.groups(folder, self.table(folder, table))
        assert list(groups.values()) == ["one", "NORMAL/b1.png", "one", "three"]
        assert (manifest.patients_from, manifest.patient_unknown, manifest.left_out) == ("table", 1, [])

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("file,patient\na1.png,1\na2.png,2\n", "lacks 2 of 4 .*'NORMAL/b1.png'"),
            ("name;patient\n", "columns file and patient"),
            ("", "columns file and patient"),
            ("file,patient\na1.png,1\na1.png,2\n", "two patients"),
            ('file,patient\n"a1.png,1\n', "as a table"),
        ],
    )
    def test_a_table_that_does_not_fit(self, folder, text, told):
        with pytest.raises(DataError, match=told):
            self.groups(folder, self.table(folder, text))

    def test_a_row_that_fits_two_images_is_refused(self, folder):
        write(folder, {"PNEUMONIA/a1.png": b"another"})
        with pytest.raises(DataError, match=r"patients\.csv has 1 .*a1\.png"):
            self.groups(folder, self.table(folder, "file,patient\na1.png,1\nb1.png,2\na2.png,1\nc1.png,3\n"))

    def test_a_table_that_cannot_be_opened(self, folder):
        with pytest.raises(DataError, match=r"nowhere\.csv cannot be opened"):
            by_table(folder / "nowhere.csv")
        (folder / "latin.csv").write_bytes("file,patient\nM\xfcller.png,1".encode("latin-1"))
        with pytest.raises(DataError, match="UTF-8"):
            by_table(folder / "latin.csv")


def test_train_and_val_are_merged_and_test_is_never_read(tmp_path):
    for part in ("train", "val", "test"):
        write(tmp_path, {f"{part}/NORMAL/{part}-n": b"n", f"{part}/PNEUMONIA/{part}-p": b"p"})
    names = {record.path.name for record in read_training_folder(tmp_path).records}
    assert names == {"train-n", "train-p", "val-n", "val-p"}


def test_a_missing_class_is_named(tmp_path):
    write(tmp_path, {"NORMAL/a": b"a"})
    with pytest.raises(DataError, match="PNEUMONIA"):
        read_classes(tmp_path)


def test_split_divides_no_patient_and_keeps_the_shares(tmp_path):
    files = {f"NORMAL/IM-{i // 2:04d}-{i:04d}.jpeg": f"n{i}".encode() for i in range(60)}
    files |= {f"PNEUMONIA/person{i // 3}_virus_{i}.jpeg": f"p{i}".encode() for i in range(180)}
    write(tmp_path, files)
    records = read_training_folder(tmp_path).records
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
        split_by_patient(read_training_folder(tmp_path).records, seed=0)


def test_outside_halves_keep_patients_together(tmp_path):
    write(tmp_path, {f"NORMAL/{i // 3:08d}_{i:03d}.jpeg": f"{i}".encode() for i in range(90)})
    write(tmp_path, {"PNEUMONIA/00009999_000.jpeg": b"p"})
    selection, report = split_external(read_classes(tmp_path).records)
    assert not {r.patient for r in selection} & {r.patient for r in report}
    assert min(len(selection), len(report)) > 20


def test_fingerprint_ignores_order_and_sees_labels(tmp_path):
    write_tiny_data(tmp_path)
    records = read_training_folder(tmp_path).records
    assert fingerprint(records) == fingerprint(records[::-1])
    assert fingerprint(records) != fingerprint(records[1:])


def test_the_real_set_has_no_patient_on_both_sides(data_dir):
    records = read_training_folder(data_dir / "chest_xray").records
    train, validation = split_by_patient(records, seed=0)
    assert len(records) == 5216
    assert not {r.patient for r in train} & {r.patient for r in validation}
    assert not {r.sha256 for r in train} & {r.sha256 for r in validation}
    shares = [sum(r.label for r in part) / len(part) for part in (train, validation)]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)


def record(name, label):
    return Record(Path(name), label, patient_of(name) or name, name)


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
