"""The weights that come with the project: what they claim, against what they do."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from pneumonia import load_predictor
from pneumonia.core.correction import TURNED, Correction
from pneumonia.core.labels import NORMAL, UNCERTAIN
from pneumonia.data.manifest import read_classes, read_training_folder
from pneumonia.data.pipeline import load_images, prepare_inputs
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import ImageError
from pneumonia.imaging.decode import decode
from pneumonia.inference.chest_check import ON_ITS_SIDE
from pneumonia.records.receipt import _checked
from pneumonia.records.verify import verify
from pneumonia.variants.registry import PUBLISHED, get_variant
from pneumonia.weights.folder import WEIGHTS_FOLDER
from scripts.studies.reliability.synthetic_images import dicom_bytes

LEAST_AUROC = {"custom-cnn": 0.98, "mobilenetv2-frozen": 0.98, "mobilenetv2-finetuned": 0.99}
EXAMPLES = WEIGHTS_FOLDER.parent / "demo" / "examples"


@pytest.fixture(scope="module", params=PUBLISHED)
def predictor(request):
    return load_predictor(request.param)


@pytest.fixture(scope="module")
def validation(data_dir):
    """The validation images of the committed split, one in four."""
    config = load_predictor().metrics["sets"]["validation"]
    _, records = split_by_patient(read_training_folder(data_dir / "chest_xray").records, seed=0)
    assert config["n"] == len(records)
    return records[::4]


def keras_model(variant):
    import keras

    return keras.models.load_model(WEIGHTS_FOLDER / variant / "model.keras", compile=False)


def test_every_published_variant_has_its_figures(predictor):
    sets = predictor.metrics["sets"]
    assert {"validation", "validation-cropped", "adults", "adults-pa", "adults-ap", "adults-other"} <= set(sets)
    assert sets["validation"]["auroc"]["value"] >= LEAST_AUROC[predictor.variant]
    for figures in sets.values():
        assert figures["command"].startswith("python scripts/")
        assert set(figures["operating_points"]) == {"screening", "balanced", "rule-in"}
    config = json.loads((WEIGHTS_FOLDER / predictor.variant / "config.json").read_text())
    first = {"children": "validation", "adults": "adults-folds"}
    for population, name in first.items():
        fixed_on = config["populations"][population]["calibration"]["sets"]
        assert fixed_on == [name, *(other for other in sets if other.startswith(f"{name}-"))] and len(fixed_on) == 9
        thresholds = [point.threshold for point in predictor.calibrations[population].operating_points.values()]
        assert thresholds == sorted(thresholds)
    # As the notices say it.
    shares = [sets[name]["positives"] / sets[name]["n"] for name in first.values()]
    assert shares == [pytest.approx(3 / 4, abs=0.02), pytest.approx(1 / 20, abs=0.01)]


def test_the_declared_configuration_fits_the_model(predictor):
    model = keras_model(predictor.variant)
    size = get_variant(predictor.variant).image_size
    assert predictor.preprocessor.record.size == size and model.input_shape == (None, size, size, 1)
    assert model.output_shape == (None, 1) and len(model.get_layer("features").output.shape) == 4


def test_no_path_of_the_training_machine_is_published(predictor):
    folder = WEIGHTS_FOLDER / predictor.variant
    for name in ("config.json", "metrics.json", "README.md", "history.csv"):
        text = (folder / name).read_text()
        assert not re.search(r"""(^|[\s"'=])(/|[A-Z]:\\)\w""", text), "an absolute path"


@pytest.mark.slow
def test_validation_images_are_read_as_well_as_claimed(predictor, validation):
    readings = list(predictor.predict_many(record.path for record in validation))
    assert all(reading.status == "read" for reading in readings)
    labels = [record.label for record in validation]
    assert roc_auc_score(labels, [r.logit for r in readings]) >= LEAST_AUROC[predictor.variant] - 0.01


def keras_reading(predictor, images):
    """Logits (N, 1) and maps (N, h, w) of the Keras model."""
    from pneumonia.exports.serving_graph import ServingModule

    return {name: tensor.numpy() for name, tensor in ServingModule(keras_model(predictor.variant))(images).items()}


def assert_agrees(prediction, logit, cam):
    assert prediction.logit == pytest.approx(float(logit[0]), abs=1e-4)
    # Sums of a thousand products in another order: cells of ten logits differ in the sixth digit.
    np.testing.assert_allclose(prediction.heatmap, cam, atol=1e-3, rtol=2e-5)


@pytest.mark.slow
def test_the_served_model_agrees_with_keras(predictor, validation):
    images = prepare_inputs(load_images(validation[::20], predictor.preprocessor), predictor.preprocessor)
    reference = keras_reading(predictor, images)
    for record, logit, cam in zip(validation[::20], reference["logit"], reference["cam"], strict=True):
        assert_agrees(predictor.predict(record.path), logit, cam)


@pytest.mark.slow
def test_the_served_model_agrees_with_keras_on_native_radiographs(predictor, data_dir):
    """Serially and from many threads at once, where not a bit may differ."""
    paths = [record.path for record in read_classes(data_dir / "native").records[::25]]
    images = np.stack([predictor.preprocessor.apply(decode(path).pixels).image for path in paths])
    reference = keras_reading(predictor, images[..., None])
    serial = [predictor.predict(path) for path in paths]
    for prediction, logit, cam in zip(serial, reference["logit"], reference["cam"], strict=True):
        assert_agrees(prediction, logit, cam)
    with ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(predictor.predict, paths * 3))
    for one, other in zip(parallel, serial * 3, strict=True):
        assert one.logit == other.logit and one.probability == other.probability
        np.testing.assert_array_equal(one.heatmap, other.heatmap)


def test_the_map_adds_up_to_the_logit(predictor, validation):
    assert_adds_up(predictor, [record.path for record in validation[::20]])


def test_the_map_of_an_example_adds_up_to_the_logit(predictor):
    assert_adds_up(predictor, EXAMPLES.glob("synthetic-[!r]*.png"))


def assert_adds_up(predictor, paths):
    bias = float(keras_model(predictor.variant).get_layer("logit").bias.numpy()[0])
    for path in paths:
        prediction = predictor.predict(path)
        assert prediction.heatmap.mean() + bias == pytest.approx(prediction.logit, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["mobilenetv2-frozen", "mobilenetv2-finetuned"])
def test_every_parameter_of_the_backbone_was_moved(variant, data_dir):
    """Nothing is published as it was downloaded: kernels and folded biases alike."""
    from pneumonia.models.mobilenetv2 import load_pretrained
    from pneumonia.models.registry import build_model

    source = data_dir.parent / "backbones" / "mobilenet_v2_1.0_224_imagenet_no_top.weights.h5"
    if not source.exists():
        pytest.skip("the ImageNet parameters are not here")
    start = build_model(get_variant(variant))
    load_pretrained(start, str(source))
    trained = keras_model(variant)
    for ours, theirs in zip(trained.weights, start.weights, strict=True):
        before, after = theirs.numpy(), ours.numpy()
        assert before.shape == after.shape
        unmoved = (before == after) & (before != 0)
        assert unmoved.mean() < 1e-4, f"{ours.path}: {unmoved.mean():.2%} as it came"


@pytest.mark.slow
def test_native_images_agree_with_their_labels_and_their_squashed_twins(data_dir):
    records = read_classes(data_dir / "native").records
    predictor = load_predictor()
    native = list(predictor.predict_many((record.path for record in records), population="children"))
    assert len(native) == 150 and all(reading.status == "read" for reading in native)
    named = {0: "NORMAL", 1: "PNEUMONIA"}
    agreeing = [reading.finding == named[record.label] for reading, record in zip(native, records, strict=True)]
    assert np.mean(agreeing) >= 0.96
    squashed = (data_dir / "chest_xray" / "train" / record.path.parent.name / record.path.name for record in records)
    twins = predictor.predict_many(squashed, population="children")
    gaps = np.array([abs(one.probability - other.probability) for one, other in zip(native, twins, strict=True)])
    # Of 150; an interval of 95 % round 19 in 20 reaches down to 137.
    assert np.median(gaps) < 0.01 and np.sum(gaps <= 0.05) >= 137


@pytest.mark.slow
def test_one_radiograph_in_three_formats(predictor, data_dir):
    for record in read_classes(data_dir / "native").records[::15]:
        pixels = np.asarray(Image.open(record.path).convert("L"))
        deep = pixels.astype(np.uint16) * 257
        stream = io.BytesIO()
        Image.fromarray(deep).save(stream, "PNG")
        sources = (record.path, stream.getvalue(), dicom_bytes(deep))
        probabilities = [predictor.predict(source).probability for source in sources]
        assert max(probabilities) - min(probabilities) <= 0.02


def test_the_marked_region_of_an_example_is_tested_the_same_way_each_time(predictor):
    path = EXAMPLES / "synthetic-pneumonia-1.png"
    first, again = (predictor.measure_support(path).to_dict() for _ in range(2))
    assert first == again and first["regions"] == 40 and 0 < first["region_share"] <= 0.25
    with pytest.raises(ImageError):
        predictor.measure_support(b"no image")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("synthetic-[np]*.png")), ids=lambda path: path.stem)
def test_synthetic_examples_are_read_as_their_class_and_warned_of_nothing(predictor, path):
    prediction = predictor.predict(path)
    assert path.stem.split("-")[1].upper() == prediction.finding
    assert not [check for check in prediction.checks if check.status == "warn"]


def test_one_example_is_too_close_to_call_and_one_is_refused_until_it_is_turned():
    predictor = load_predictor()
    close, refused = (EXAMPLES / f"synthetic-{name}.png" for name in ("too-close-to-call", "refused"))
    reading = predictor.predict(close)
    assert reading.finding == UNCERTAIN and not [check for check in reading.checks if check.status == "warn"]
    assert [check.message for check in predictor.predict(refused).checks] == [ON_ITS_SIDE]
    turned = predictor.predict(decode(refused).corrected(Correction(3)))
    assert turned.finding == NORMAL and [check for check in turned.checks if check.status == "warn"] == [TURNED[3]]
    assert verify(_checked(turned.to_dict()), turned.image_sha256, refused, predictor) == []


def test_there_are_eight_examples_and_their_recipe():
    names = [path.name for path in EXAMPLES.glob("*.png")]
    assert len(names) == 8
    recipe = (EXAMPLES / "SOURCES.md").read_text()
    assert all(name in recipe for name in names) and "16 patients" in recipe
