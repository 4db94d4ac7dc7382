"""Labelled radiographs of one site: found in folders and archives, and scored by patient."""

from pathlib import Path

import pytest

from pneumonia.data.labelled_images import images_in_archive, images_of, score_labelled
from pneumonia.errors import DataError, ImageSizeError
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor
from tests.unit.imaging.test_zip_archive import archive

VARIANT = "custom-cnn"


def _write_site(folder: Path) -> None:
    for number, (label, name) in enumerate(
        [
            ("NORMAL", "a.png"),
            ("NORMAL", "b.png"),
            ("PNEUMONIA", "person7_virus_1.png"),
            ("PNEUMONIA", "person7_virus_2.png"),
        ]
    ):
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / name).write_bytes(encode(radiograph(seed=number), "PNG"))


def test_a_folder_is_scored_by_patient_and_what_cannot_be_read_is_named(tmp_path):
    _write_site(tmp_path)
    (tmp_path / "NORMAL" / "broken.png").write_bytes(b"broken")
    (tmp_path / "NORMAL" / "twin.png").write_bytes((tmp_path / "NORMAL" / "a.png").read_bytes())
    images, left_out = images_of(tmp_path)
    assert not left_out
    scores, rejected = score_labelled(images, FakePredictor(VARIANT).predict_many(image.source for image in images))
    assert [name for name, _ in rejected] == ["NORMAL/broken.png"]
    assert list(scores.labels) == [0, 0, 0, 1, 1] and len(set(scores.patients)) == 3
    assert scores.patients[0] == scores.patients[2], "the same bytes"


def test_an_archive_gives_the_same_images_wherever_its_folders_lie(tmp_path):
    _write_site(tmp_path / "site")
    names = {str(path.relative_to(tmp_path)): path.read_bytes() for path in sorted((tmp_path / "site").rglob("*.png"))}
    chest = encode(radiograph(seed=9), "PNG")
    path = archive(tmp_path / "site.zip", {**names, "site/README.txt": b"x", "site/NORMAL/deeper/c.png": chest})
    images, left_out = images_in_archive(path, 6)
    (tmp_path / "site" / "NORMAL" / "deeper").mkdir()
    (tmp_path / "site" / "NORMAL" / "deeper" / "c.png").write_bytes(chest)
    (tmp_path / "site" / "README.txt").write_bytes(b"x")
    in_folder, left_out_of_folder = images_of(tmp_path / "site")
    assert [image.name for image in images] == [image.name for image in in_folder]
    assert [left.place for left in left_out] == ["site/*"] and [left.place for left in left_out_of_folder] == ["*"]
    predictor = FakePredictor(VARIANT)
    scores, _ = score_labelled(images, predictor.predict_many(image.source for image in images))
    assert len(scores.logits) == 5
    with pytest.raises(ImageSizeError):
        images_in_archive(path, 3)
    with pytest.raises(DataError, match="PNEUMONIA"):
        images_in_archive(archive(tmp_path / "half.zip", {"site/NORMAL/a.png": b"x"}), 6)


def test_an_image_with_two_labels_is_refused(tmp_path):
    _write_site(tmp_path)
    (tmp_path / "PNEUMONIA" / "again.png").write_bytes((tmp_path / "NORMAL" / "a.png").read_bytes())
    images, _ = images_of(tmp_path)
    with pytest.raises(DataError, match=r"again\.png"):
        score_labelled(images, FakePredictor(VARIANT).predict_many(image.source for image in images))


def test_one_name_in_both_classes_is_no_shared_patient(tmp_path):
    for number, label in enumerate(("NORMAL", "PNEUMONIA")):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0000.png").write_bytes(encode(radiograph(seed=number), "PNG"))
    images, _ = images_of(tmp_path)
    assert images[0].patient != images[1].patient and not any(image.patient_known for image in images)
    files = {
        f"{site}/{path.relative_to(tmp_path)}": path.read_bytes() for site in "ab" for path in tmp_path.rglob("*.png")
    }
    images, _ = images_in_archive(archive(tmp_path / "two.zip", files), 4)
    assert len({image.patient for image in images}) == 4
