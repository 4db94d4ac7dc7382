"""Lung fields: pairs of image and mask, training, serving, and what the committed weights reach."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from pneumonia.core.labels import NORMAL, PNEUMONIA
from pneumonia.data import lung_masks as pairs_of
from pneumonia.data.lung_masks import augment_pair, corrupt_pair, load_masked_images, warp_pair, with_masks
from pneumonia.data.manifest import read_training_folder
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import DataError, WeightsError
from pneumonia.imaging.decode import decode
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import (
    LUNG_FIELDS_FOLDER,
    LungBounds,
    LungSegmentation,
    Measures,
    clean_mask,
    load_lung_fields,
    read_lung_fields,
)
from pneumonia.training.checkpoints import Checkpoints
from pneumonia.training.lungs.evaluation import dice
from pneumonia.weights.folder import KERAS_MODEL, read_bundle
from scripts import ROOT

SIDE = 224
LEAST_DICE = 0.955

trained_weights = pytest.mark.skipif(not LUNG_FIELDS_FOLDER.is_dir(), reason="weights/lung-fields is not here")


def discs(centres=((70, 110), (154, 110)), radius=36):
    """A bright body with two dark discs for lungs, and the discs' mask: float32 (224, 224) each."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for centre in centres:
        cv2.circle(mask, centre, radius, 1, cv2.FILLED)
    return np.where(mask > 0, np.float32(0.2), np.float32(0.8)), mask.astype(np.float32)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Discs of twelve patients in data/, masks of all but one of them in masks/."""
    folder = tmp_path_factory.mktemp("lungs")
    rng = np.random.default_rng(0)
    (folder / "masks").mkdir()
    for number in range(12):
        for class_name, name in ((NORMAL, f"IM-{number:04d}-0001"), (PNEUMONIA, f"person{number}_virus_{number}")):
            image, mask = discs(radius=int(rng.integers(28, 40)))
            path = folder / "data" / class_name / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.rint((image + rng.uniform(-0.1, 0.1, image.shape)) * 255).astype(np.uint8))
            if number:
                cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask.astype(np.uint8) * 255)
    return folder


@pytest.fixture(scope="module")
def weights(tiny):
    """What one epoch of `scripts/tools/train_lung_fields.py` writes."""
    output = tiny / "weights" / "lung-fields"
    command = [sys.executable, "-m", "scripts.tools.train_lung_fields", "--data", str(tiny / "data")]
    command += ["--masks", str(tiny / "masks"), "--output", str(output), "--epochs", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "Validation: Dice 0." in done.stdout
    return output


def test_dice_by_hand():
    one = np.array([[1, 1, 0, 0]], bool)
    assert dice(one, np.array([[0, 1, 1, 1]], bool)) == pytest.approx(2 * 1 / (2 + 3))
    assert dice(one, one) == 1.0 and dice(one, ~one) == 0.0
    assert dice(np.zeros_like(one), np.zeros_like(one)) == 1.0


def test_training_measures_by_hand():
    import tensorflow as tf

    from pneumonia.training.lungs.fields import dice_and_crossentropy, image_dice

    drawn = tf.constant([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])[:, None, :, None]
    logits = tf.constant([[-9.0, 9.0, 9.0, 9.0], [-9.0, -9.0, -9.0, -9.0]])[:, None, :, None]
    np.testing.assert_allclose(image_dice(drawn, logits), [0.4, 1.0])
    # All logits 0: every probability is one half, so Dice is 2 * 1 / (2 + 4), and the cross-entropy ln 2.
    assert float(dice_and_crossentropy(drawn, 0 * logits)) == pytest.approx(np.log(2) + 1 - 1 / 3, abs=1e-5)


def test_pairs_are_matched_by_name_and_never_share_a_patient(tiny):
    records = read_training_folder(tiny / "data").records
    matched = with_masks(records, tiny / "masks")
    assert len(matched) == 22 and not any("0000" in record.path.name for record in matched)
    train, validation = (with_masks(part, tiny / "masks") for part in split_by_patient(records, seed=0))
    assert not {r.patient for r in train} & {r.patient for r in validation}
    pairs = load_masked_images(matched, tiny / "masks")
    assert pairs.masks.shape == pairs.images.squares.shape == (22, SIDE, SIDE)
    for square, mask in zip(pairs.images.squares, pairs.masks, strict=True):
        assert square[mask == 1].mean() < 0.3 < 0.7 < square[mask == 0].mean()


def test_unusable_masks_are_told(tiny, tmp_path):
    records = read_training_folder(tiny / "data").records
    with pytest.raises(DataError, match="No mask"):
        with_masks(records, tmp_path)
    (tmp_path / f"{records[0].path.stem}.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="lung mask"):
        load_masked_images(records[:1], tmp_path)


def test_the_mask_follows_the_geometric_augmentation():
    image, mask = discs()
    agreement = []
    for seed in range(40):
        # A photograph of the mask itself must stay equal to the mask, wherever no border came in.
        warped, followed = warp_pair(mask, mask, np.random.default_rng(seed))
        agreement.append(dice(warped > 0.5, followed > 0.5))
        changed, followed = warp_pair(image, mask, np.random.default_rng(seed))
        assert changed[followed == 1].max() < 0.25
    assert np.median(agreement) == 1.0
    assert not np.array_equal(followed, mask)


def test_strips_hide_lungs_from_the_mask_too(monkeypatch):
    image, mask = discs(centres=((30, 110), (194, 110)))
    monkeypatch.setattr(pairs_of, "PHOTOMETRIC", ((pairs_of.collimate, 1.0),))
    monkeypatch.setattr(pairs_of, "warp_pair", lambda image, mask, rng: (image, mask))
    monkeypatch.setattr(pairs_of, "_NO_CHEST_SHARE", 0.0)
    hidden = 0
    for seed in range(40):
        changed, shown = augment_pair(image, mask, np.random.default_rng(seed))
        covered = (changed != image) & (mask == 1)
        assert not shown[covered].any()
        np.testing.assert_array_equal(shown[~covered], mask[~covered])
        hidden += covered.any()
    assert hidden > 10


def test_augmented_pairs_keep_range_and_repeat_and_some_show_no_chest():
    image, mask = discs()
    empty = 0
    for seed in range(100):
        changed, followed = augment_pair(image, mask, np.random.default_rng(seed))
        again = augment_pair(image, mask, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed, again[0])
        np.testing.assert_array_equal(followed, again[1])
        for part in (changed, followed):
            assert part.shape == (SIDE, SIDE) and part.dtype == np.float32
            assert part.min() >= 0 and part.max() <= 1 + 1e-6
        empty += not followed.any()
    assert 1 <= empty <= 20
    np.testing.assert_array_equal(image, discs()[0])


def test_corruptions_that_move_lungs_move_the_mask():
    image, mask = discs()
    for name in pairs_of.CORRUPTIONS:
        changed, followed = corrupt_pair(image, mask, name)
        assert (name in ("cropped", "bordered")) != np.array_equal(followed, mask)
        inner = cv2.erode(followed, np.ones((15, 15))) > 0
        outer = (cv2.dilate(followed, np.ones((15, 15))) == 0) & (changed > 0)
        assert changed[inner].mean() < changed[outer].mean()


def test_two_largest_components_are_kept_and_their_holes_filled():
    probabilities = np.zeros((32, 32), np.float32)
    probabilities[4:24, 2:12] = 0.9
    probabilities[10:12, 5:7] = 0.1  # a hole
    probabilities[4:20, 20:30] = 0.8
    probabilities[28:30, 14:17] = 0.99  # a third component
    mask, inside, measures = clean_mask(probabilities, threshold=0.5)
    assert not mask[28:30, 14:17].any() and (mask[10:12, 5:7] == 1).all()
    assert inside.sum() == 20 * 10 + 16 * 10
    assert measures.area == pytest.approx(360 / 32**2) and measures.side_by_side
    # The hole is not in the component's own area.
    assert measures.balance == pytest.approx(160 / 196)
    assert measures.certainty == pytest.approx((196 * 0.9 + 4 * 1 + 160 * 0.8) / 360, abs=1e-5)


def test_what_is_plausible():
    rule = LungBounds(min_area=0.1, max_area=0.7, min_balance=0.3, min_certainty=0.8)
    good = {"area": 0.3, "balance": 0.8, "certainty": 0.95, "side_by_side": True}
    assert rule.contains(Measures(**good))
    for change in ({"area": 0.05}, {"area": 0.8}, {"balance": 0.0}, {"certainty": 0.6}, {"side_by_side": False}):
        assert not rule.contains(Measures(**{**good, **change}))
    fixed = LungBounds.from_measures([Measures(area, 0.8, 0.9, True) for area in (0.2, 0.2, 0.2, 0.4)])
    assert fixed.min_area == pytest.approx(0.1) and fixed.max_area == pytest.approx(0.7, abs=0.002)
    assert fixed.min_balance == pytest.approx(0.4) and fixed.min_certainty == pytest.approx(0.7)
    assert not LungBounds.from_measures([Measures(0.5, 0.0, 0.9, False)]).contains(Measures(**good))


def test_mask_and_outline_lie_on_the_image():
    probabilities = np.zeros((32, 32), np.float32)
    probabilities[8:24, 4:12] = probabilities[8:24, 20:28] = 1.0
    mask, _, measures = clean_mask(probabilities, 0.5)
    found = LungSegmentation(mask, 0.5, measures, True)
    assert found.on(320, 640).shape == (320, 640)
    left, right = sorted(found.outline(320, 640), key=lambda line: line[:, 0].min())
    assert np.abs(left.min(axis=0) - (80, 80)).max() <= 1 and np.abs(left.max(axis=0) - (239, 239)).max() <= 1
    assert np.abs(right.min(axis=0) - (400, 80)).max() <= 1 and np.abs(right.max(axis=0) - (559, 239)).max() <= 1


@pytest.mark.slow
@trained_weights
def test_kernels_of_eight_bits_leave_the_outlines_where_they_are(data_dir):
    import keras

    paths = [path for folder in ("native", "adult") for path in sorted((data_dir / folder).glob("*/*"))[::10]]
    squares = [Preprocessing().squash(decode(path).pixels) for path in paths]
    fields = load_lung_fields()
    model = keras.models.load_model(LUNG_FIELDS_FOLDER / KERAS_MODEL, compile=False)
    logits = model.predict(np.stack([fields.preprocessing.apply(square) for square in squares])[..., None], verbose=0)
    trained = [clean_mask((of_one[..., 0] > 0).astype(np.float32), fields.threshold)[1] for of_one in logits]
    served = [fields.segment(square).mask >= fields.threshold for square in squares]
    agreement = [dice(*pair) for pair in zip(trained, served, strict=True)]
    assert len(agreement) >= 60 and np.mean(agreement) > 0.999 and min(agreement) > 0.99


@pytest.mark.slow
def test_training_writes_a_weights_folder_that_serves(weights, tiny):
    bundle = read_bundle(weights)
    assert [path.name for path in weights.parent.iterdir()] == ["lung-fields"]
    assert str(tiny) not in json.dumps(bundle.config) + json.dumps(bundle.metrics)
    assert bundle.config["training"]["command"].startswith("python -m scripts.tools.train_lung_fields --data data")
    assert {"validation", "validation-cropped", "validation-bordered"} <= set(bundle.metrics["sets"])
    segmentation = read_lung_fields(weights).segment(discs()[0])
    assert segmentation.mask.shape == (128, 128) and segmentation.mask.dtype == np.float32
    assert "Lung fields" in (weights / "README.md").read_text()


@pytest.mark.slow
def test_model_keras_opens_without_our_code_and_agrees(weights):
    import keras

    model = keras.models.load_model(weights / "model.keras")
    fields = read_lung_fields(weights)
    image = fields.preprocessing.apply(discs()[0])
    expected = 1 / (1 + np.exp(-model(image[None, ..., None]).numpy()[0, ..., 0]))
    # Kernels of 8 bits.
    np.testing.assert_allclose(fields._engine.outputs(image)["lungs"], expected, atol=0.05)


@pytest.mark.slow
def test_serving_needs_no_tensorflow(weights):
    code = (
        "import sys, pathlib, numpy as np; from pneumonia.inference.lung_segmentation import read_lung_fields; "
        f"read_lung_fields(pathlib.Path({str(weights)!r})).segment(np.zeros((90, 70), np.float32)); "
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_weights_are_told(tmp_path):
    with pytest.raises(WeightsError):
        read_lung_fields(tmp_path / "lung-fields")


@pytest.fixture
def deterministic():
    """TensorFlow's sums in one order: what comes of the same images is the same to the last bit."""
    from tensorflow.python.framework import config

    config.enable_op_determinism()
    yield
    config.disable_op_determinism()


@pytest.mark.slow
def test_an_interrupted_training_ends_as_an_uninterrupted_one(tiny, tmp_path, monkeypatch, deterministic):
    import keras

    from pneumonia.training.lungs.fields import train_lung_fields

    def train(name):
        train_lung_fields(
            data=tiny / "data",
            masks=tiny / "masks",
            output=tmp_path / name,
            epochs=2,
            seed=0,
            command="command",
            checkpoints=tmp_path / f".{name}",
        )
        return keras.models.load_model(tmp_path / name / "model.keras").get_weights()

    class Killed(Exception):
        pass

    on_epoch_end = Checkpoints.on_epoch_end

    def kill_after_the_epoch(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        raise Killed

    whole = train("whole")
    monkeypatch.setattr(Checkpoints, "on_epoch_end", kill_after_the_epoch)
    with pytest.raises(Killed):
        train("killed")
    monkeypatch.undo()
    for ours, theirs in zip(train("killed"), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@trained_weights
def test_noise_and_blank_images_have_no_lungs():
    fields = load_lung_fields()
    rng = np.random.default_rng(0)
    for grains in (4, 16, 60, 224):
        noise = cv2.resize(rng.uniform(0, 1, (grains, grains)).astype(np.float32), (SIDE, SIDE))
        assert not fields.segment(noise).found
    assert not fields.segment(np.full((300, 200), 0.5, np.float32)).found


@pytest.mark.slow
@trained_weights
def test_committed_weights_find_the_lungs_of_held_out_children(data_dir):
    _, records = split_by_patient(read_training_folder(data_dir / "chest_xray").records, seed=0)
    records = with_masks(records, data_dir / "lung_masks")
    metrics = read_bundle(LUNG_FIELDS_FOLDER).metrics["sets"]
    assert metrics["validation"]["n"] == len(records)
    pairs = load_masked_images(records, data_dir / "lung_masks")
    fields = load_lung_fields()
    found = [fields.segment(square) for square in pairs.images.squares]
    assert np.mean([segmentation.found for segmentation in found]) >= 0.98
    agreement = [dice(s.on(SIDE, SIDE) >= s.threshold, m > 0.5) for s, m in zip(found, pairs.masks, strict=True)]
    assert np.mean(agreement) >= LEAST_DICE
    assert np.mean(agreement) == pytest.approx(metrics["validation"]["dice"]["value"], abs=1e-3)


@trained_weights
def test_no_path_of_the_training_machine_is_published():
    for name in ("config.json", "metrics.json", "README.md", "history.csv"):
        text = (LUNG_FIELDS_FOLDER / name).read_text()
        assert not any(start in text for start in ("/home/", "/root", "/tmp", "/work", "\\Users"))
