"""What a network is shown of a radiograph: found once, used alike in training and in reading."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from pneumonia.core.geometry import WHOLE
from pneumonia.errors import WeightsError
from pneumonia.inference.input_transform import WHOLE_IMAGE, Preprocessing, View
from pneumonia.inference.lung_segmentation import LungFields
from pneumonia.inference.preprocessor import Preprocessor, new_preprocessor
from pneumonia.variants.spec import FIELDS
from tests.fixtures.fakes import segmentation
from tests.fixtures.tiny import tiny_variant

SIZE = 96


def two_lungs():
    """Two upright rectangles: bool (SIZE, SIZE), from 20 to 40 and 60 to 80 across, 30 to 70 along."""
    lungs = np.zeros((SIZE, SIZE), bool)
    lungs[30:70, 20:40] = lungs[30:70, 60:80] = True
    return lungs


def record(field, margin=0.0):
    return Preprocessing(SIZE, field=field, margin=margin, lung_fields=None)


def test_the_box_is_that_of_the_lungs_widened_by_the_margin():
    box = record("box").view(two_lungs()).box
    np.testing.assert_allclose(np.array(box) * SIZE, (20.5, 30.5, 79.5, 69.5), atol=0.01)
    wider = record("box", margin=0.1).view(two_lungs()).box
    np.testing.assert_allclose(np.array(wider) * SIZE, (10.9, 20.9, 89.1, 79.1), atol=0.01)


def test_the_hull_spans_both_lungs_and_what_lies_between():
    preprocessing = record("hull")
    image = np.full((SIZE, SIZE), 0.2, np.float32)
    image[40:60, 45:55] = 0.9  # between the lungs
    image[:10] = 1.0  # outside
    shown = preprocessing.apply(image, preprocessing.view(two_lungs()))
    # The box of the lungs is 59 by 39 pixels, so what lies between them fills the middle of the input.
    assert shown[SIZE // 2, SIZE // 2] > 0.99 and shown[2, SIZE // 2] < 0.5


@pytest.mark.parametrize("field", FIELDS)
def test_without_lungs_the_whole_image_is_shown(field):
    assert record(field).view(None) == WHOLE_IMAGE


def test_what_is_hidden_changes_nothing():
    """Outside the hull any border, marker or black corner leaves the network's input as it is."""
    preprocessing, rng = record("hull"), np.random.default_rng(0)
    triangle = View(WHOLE, np.array([[0.5, 0.1], [0.9, 0.9], [0.1, 0.9]], np.float32))
    image = rng.random((SIZE, SIZE), dtype=np.float32)
    other = image.copy()
    other[:12, :30] = 0.0
    other[:12, -30:] = 1.0
    np.testing.assert_allclose(preprocessing.finish(other, triangle), preprocessing.finish(image, triangle), atol=1e-6)
    assert np.abs(record("exposure").finish(other, triangle) - record("exposure").finish(image, triangle)).max() > 0.5


@pytest.mark.parametrize("field", ["exposure", "hull"])
def test_exposure_is_that_of_the_lungs(field):
    """However bright the rest of the image, the grey values within the hull come out the same."""
    preprocessing = record(field, margin=0.02)
    image = np.random.default_rng(0).random((SIZE, SIZE), dtype=np.float32)
    dim = 0.3 + 0.2 * image
    dim[:15] = 1.0
    view = preprocessing.view(two_lungs())
    inside = (slice(40, 60), slice(30, 70)) if field == "exposure" else (slice(20, 76), slice(20, 76))
    np.testing.assert_allclose(
        preprocessing.apply(dim, view)[inside], preprocessing.apply(image, view)[inside], atol=1e-4
    )


def test_the_record_travels_as_json():
    for field in FIELDS:
        made = replace(record(field), lung_fields="abc")
        assert Preprocessing(**json.loads(json.dumps(asdict(made)))) == made


def test_other_lung_fields_than_those_trained_with_are_refused():
    with pytest.raises(WeightsError, match="lung fields"):
        Preprocessor(Preprocessing(SIZE, field="hull", lung_fields="0" * 64))


def test_a_new_record_names_the_lung_fields_it_depends_on():
    assert len(new_preprocessor(tiny_variant(image_size=SIZE, field="hull")).record.lung_fields) == 64
    assert new_preprocessor(tiny_variant(image_size=SIZE)).record == Preprocessing(SIZE)


def test_without_lungs_to_be_found_the_whole_image_is_prepared():
    preprocessor = new_preprocessor(tiny_variant(image_size=224, field="hull"))
    prepared = preprocessor.apply(np.random.default_rng(0).random((300, 200), dtype=np.float32))
    assert prepared.view == WHOLE_IMAGE and prepared.image.shape == (224, 224)


def test_lungs_that_were_found_already_are_not_looked_for_again(monkeypatch):
    preprocessor = new_preprocessor(tiny_variant(image_size=SIZE, field="box"))
    lungs = segmentation((slice(30, 70), slice(20, 40)), (slice(30, 70), slice(60, 80)), side=SIZE)
    monkeypatch.setattr(LungFields, "segment", lambda *_: pytest.fail("segmented again"))
    prepared = preprocessor.apply(np.zeros((SIZE, SIZE), np.float32), lungs)
    assert prepared.view.box == preprocessor.record.view(two_lungs()).box != WHOLE
