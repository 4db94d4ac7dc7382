"""Labelled radiographs of one site: found in folders and archives, and scored by patient."""

from pathlib import Path

import pytest

from pneumonia.errors import DataError, ImageError
from pneumonia.labelled import images_in_archive, images_in_folder, score_labelled
from tests.fakes import FakePredictor
from tests.making import encode, radiograph
from tests.test_archives import archive

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
    images = images_in_folder(tmp_path)
    scores, rejected = score_labelled(images, FakePredictor(VARIANT).predict_many(image.source for image in images))
    assert [name for name, _ in rejected] == ["NORMAL/broken.png"]
    assert list(scores.labels) == [0, 0, 0, 1, 1] and len(set(scores.patients)) == 3
    assert scores.patients[0] == scores.patients[2], "the same bytes"


def test_an_archive_gives_the_same_images_wherever_its_folders_lie(tmp_path):
    _write_site(tmp_path / "site")
    names = {str(path.relative_to(tmp_path)): path.read_bytes() for path in sorted((tmp_path / "site").rglob("*.png"))}
    path = archive(tmp_path / "site.zip", {**names, "site/README.txt": b"x", "site/NORMAL/deeper/c.png": b"x"})
    images = images_in_archive(path, 6)
    assert [image.name for image in images] == [image.name for image in images_in_folder(tmp_path / "site")]
    predictor = FakePredictor(VARIANT)
    scores, _ = score_labelled(images, predictor.predict_many(image.source for image in images))
    assert len(scores.logits) == 4
    with pytest.raises(ImageError, match="at most 3"):
        images_in_archive(path, 3)
    with pytest.raises(DataError, match="PNEUMONIA"):
        images_in_archive(archive(tmp_path / "half.zip", {"site/NORMAL/a.png": b"x"}), 6)


def test_an_image_with_two_labels_is_refused(tmp_path):
    _write_site(tmp_path)
    (tmp_path / "PNEUMONIA" / "again.png").write_bytes((tmp_path / "NORMAL" / "a.png").read_bytes())
    images = images_in_folder(tmp_path)
    with pytest.raises(DataError, match=r"again\.png are the same image"):
        score_labelled(images, FakePredictor(VARIANT).predict_many(image.source for image in images))
