"""The auditor finds what was planted."""

import cv2
import numpy as np
import pytest

from pneumonia.data.audit import audit, perceptual_hash
from pneumonia.data.manifest import read_training_folder
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import DataError
from scripts.studies.reliability.synthetic_images import radiograph


def blobs(seed, side=256):
    """A picture unlike any of another seed: uint8 (side, side)."""
    coarse = np.random.default_rng(seed).random((6, 6)).astype(np.float32)
    return (cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255).astype(np.uint8)


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


@pytest.fixture
def planted(tmp_path):
    for number in range(6):
        write(tmp_path / "train" / "NORMAL" / f"IM-{number:04d}-0001.png", blobs(number))
        write(tmp_path / "train" / "PNEUMONIA" / f"person{number}_virus_1.png", blobs(100 + number, side=300))
    write(tmp_path / "train" / "NORMAL" / "IM-0050-0001.png", blobs(2))
    write(tmp_path / "train" / "PNEUMONIA" / "person7_virus_1.jpeg", (blobs(103) * 0.9 + 10).astype(np.uint8))
    write(tmp_path / "test" / "PNEUMONIA" / "person3_bacteria_9.png", blobs(500))
    write(tmp_path / "test" / "NORMAL" / "x.png", blobs(501)[:, :200])
    (tmp_path / "test" / "NORMAL" / "broken.jpeg").write_bytes(b"broken")
    return tmp_path


def test_everything_planted_is_found_and_nothing_else(planted):
    found = audit(planted)
    assert found.counts == {"train": {"NORMAL": 7, "PNEUMONIA": 7}, "test": {"NORMAL": 2, "PNEUMONIA": 1}}
    assert list(found.unreadable) == ["test/NORMAL/broken.jpeg"]
    assert found.exact_duplicates == [["train/NORMAL/IM-0002-0001.png", "train/NORMAL/IM-0050-0001.png"]]
    assert found.near_duplicates == [
        ("train/PNEUMONIA/person3_virus_1.png", "train/PNEUMONIA/person7_virus_1.jpeg"),
    ]
    assert found.patients_across_parts == {"person-3": ["test", "train"]}
    assert found.patients_across_classes == []
    assert found.sizes["NORMAL"]["width"] == [200, 256, 256, 256, 256]


def test_the_hash_survives_a_smaller_copy_and_tells_radiographs_apart():
    image = radiograph(400, 480).astype(np.float32)
    small = cv2.resize(image, (240, 200), interpolation=cv2.INTER_AREA)
    assert (perceptual_hash(image) != perceptual_hash(0.5 * small + 30)).sum() <= 4
    assert (perceptual_hash(image) != perceptual_hash(blobs(1).astype(np.float32))).sum() > 12


def test_no_images_is_an_error(tmp_path):
    with pytest.raises(DataError):
        audit(tmp_path)


def chests(folder, places):
    for seed, place in enumerate(places):
        write(folder / place, blobs(seed))


def twelve(class_names=("NORMAL", "PNEUMONIA"), name="{:04d}.png"):
    return [f"{class_name}/{name.format(number)}" for class_name in class_names for number in range(6)]


@pytest.mark.promise(
    "Whatever in a data folder is not used is named with its count, and one image in both classes is refused; audit "
    "and training agree on both.",
    part="Figures",
)
@pytest.mark.parametrize(
    "places",
    [
        twelve(),
        twelve(name="patient{:03d}_view0.png"),
        twelve(("normal", "Pneumonia")),
        twelve(("NORMAL", "PNEUMONIA/bacteria")),
        [*twelve(), "COVID/a.png", "stray.png", "test/NORMAL/b.png", "chest_xray/NORMAL/c.png"],
        [*twelve(("train/NORMAL", "validation/PNEUMONIA")), *twelve(("NORMAL", "val/NORMAL")), "Test/NORMAL/d.png"],
        twelve(("NORMAL",)),
        twelve()[:-2],
    ],
)
@pytest.mark.parametrize("twin", [False, True], ids=["", "one image in both classes"])
def test_audit_and_training_agree(places, twin, tmp_path):
    """The same images of the same patients, the same left out, the same refusal in the same words."""
    chests(tmp_path, places)
    if twin:
        (tmp_path / places[-1]).write_bytes((tmp_path / places[0]).read_bytes())
    found = audit(tmp_path)
    try:
        manifest = read_training_folder(tmp_path)
        split_by_patient(manifest.records, 0)
    except DataError as error:
        assert found.refusal == str(error)
        return
    assert found.refusal is None
    tested = {part: counts for part, counts in found.counts.items() if part != "test"}
    assert sum(sum(counts.values()) for counts in tested.values()) == len(manifest.records)
    assert found.left_out == [str(left) for left in manifest.left_out]
    assert found.patients_from == manifest.patients_from
    of_classes = [{r.patient for r in manifest.records if r.label == label} for label in (0, 1)]
    assert found.patients_across_classes == sorted(of_classes[0] & of_classes[1])


@pytest.mark.slow
def test_the_duplicates_of_the_real_set_are_found(data_dir):
    found = audit(data_dir / "chest_xray")
    assert sum(map(len, found.exact_duplicates)) - len(found.exact_duplicates) == 26
    assert found.counts == {"train": {"NORMAL": 1341, "PNEUMONIA": 3875}}
    assert not found.unreadable
