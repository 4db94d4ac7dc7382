"""Every form a network can be written in: read again by its own runtime, and what is refused."""

import importlib.util
import subprocess
import sys

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from pneumonia.data.manifest import fingerprint, read_training_folder
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import DataError, ExportError, MissingExtraError, UnknownNameError
from pneumonia.exports.comparison import Difference, Readings, difference
from pneumonia.exports.export import export
from pneumonia.exports.formats import FORMATS, get_format
from pneumonia.exports.runtimes import read_all
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.exports.source_model import CHECKED, SourceModel, checked_images, representative_images
from pneumonia.inference.engine import Engine
from pneumonia.models.head import attach_head
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import KERAS_MODEL, SERVED_MODEL, WEIGHTS_FOLDER, read_bundle, write_bundle
from scripts import ROOT
from scripts.studies.exports.forms import study
from tests.fixtures.commands import run_here
from tests.fixtures.tiny import SIZE, tiny_config, write_tiny_data

TITLES = [form.title for form in FORMATS]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_tiny_data(folder)
    return read_training_folder(folder).records


@pytest.fixture(scope="module")
def weights(tmp_path_factory, tiny_weights, records):
    """The tiny weights, with a record of the split that they were trained by."""
    contents = dict(read_bundle(tiny_weights).contents)
    known = {"validation": {"fingerprint": fingerprint(split_by_patient(records, 0)[1])}}
    folder = tmp_path_factory.mktemp("known") / "custom-cnn"
    write_bundle(folder, contents, {**tiny_config(), "training": {"seed": 0}, "data": known})
    return folder


@pytest.fixture(scope="module")
def original(weights, records):
    bundle = read_bundle(weights)
    return SourceModel(bundle, representative_images(bundle, records))


@pytest.fixture(scope="module")
def images(original, records):
    return checked_images(original.bundle, records)


@pytest.fixture(scope="module")
def expected(original, images):
    return original.read(images)


@pytest.fixture(scope="module")
def written(tmp_path_factory, original, images, expected):
    """Writes a form once, and gives its path and how far it is from the original."""
    folder, done = tmp_path_factory.mktemp("exports"), {}

    def write(form):
        if form.title not in done:
            if not all(importlib.util.find_spec(module) for module in form.modules):
                pytest.skip(f"what {form.name} needs is not installed")
            path = folder / form.title.replace(" ", "-") / f"network{form.suffix}"
            done[form.title] = path, export(original, form, path, images, expected)
        return done[form.title]

    return write


# === Each form ===


@pytest.mark.parametrize(
    "form",
    [pytest.param(form, id=form.title, marks=[pytest.mark.slow] * (form.name == "saved_model")) for form in FORMATS],
)
def test_each_form_reads_as_before_and_is_alone_in_its_folder(form, written, images, expected):
    path, found = written(form)
    assert found.within(form.allowed)
    assert list(path.parent.iterdir()) == [path]
    outputs = form.open(path, 1)(images[:2])
    assert outputs["logit"].shape == (2, 1) and ("cam" in outputs) == form.carries_map
    readings = read_all(form, path, images)
    assert readings.logits.shape == (len(images),) and readings.maps.shape == expected.maps.shape
    assert np.ptp(readings.logits) > 0 and np.ptp(readings.maps) > 0, "nothing was compared"


@pytest.mark.parametrize(("title", "name"), [("keras", KERAS_MODEL), ("tflite", SERVED_MODEL)])
def test_what_is_in_the_weights_folder_is_given_byte_for_byte(title, name, written, original):
    assert written(get_format(title))[0].read_bytes() == original.bundle.contents[name]


@pytest.mark.parametrize("name", ["keras", "h5"])
def test_a_keras_file_opens_without_this_library(name, written, images, expected):
    model = keras.models.load_model(written(get_format(name))[0], compile=False)
    np.testing.assert_allclose(model(images)[:, 0], expected.logits, atol=1e-5)
    assert model.get_layer("features").output.shape[1:3] == expected.maps.shape[1:]


def test_smaller_files_are_smaller(written):
    sizes = [written(get_format("tflite", precision))[0].stat().st_size for precision in ("float32", "float16", "int8")]
    assert sizes[1] < 0.6 * sizes[0] and sizes[2] < 0.4 * sizes[0]


def test_int8_computes_in_whole_numbers_but_for_the_first_layers(written):
    interpreter = Interpreter(model_path=str(written(get_format("tflite", "int8"))[0]))
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    assert entry["dtype"] == np.float32 and list(entry["shape"]) == [1, SIZE, SIZE, 1]
    assert {output["dtype"] for output in interpreter.get_output_details()} == {np.float32}
    kernels = [t for t in interpreter.get_tensor_details() if len(t["shape"]) == 4 and t["shape"][0] > 1]
    # Maps of a half and of a quarter of the side, then of an eighth and of a sixteenth, by two convolutions each.
    assert [kernel["dtype"] for kernel in sorted(kernels, key=lambda k: k["shape"].prod())] == (
        [np.float32] * 4 + [np.int8] * 4
    )
    for kernel in kernels:
        channels = kernel["shape"][0] if kernel["dtype"] == np.int8 else 0
        assert len(kernel["quantization_parameters"]["scales"]) == channels


def test_one_huge_weight_of_the_head_leaves_the_others_in_int8():
    """As in a linear probe on a feature that is next to never there."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 1))
    feature_map = keras.layers.Conv2D(4, 3, strides=8, padding="same", activation="relu", name="features")(image)
    model = keras.Model(image, attach_head(feature_map, 0.0))
    kernel, _ = model.get_layer("features").get_weights()
    model.get_layer("features").set_weights([np.abs(kernel), np.array([-100.0, 0, 0, 0], np.float32)])
    weights = np.array([[3e4], [1.0], [-0.5], [2.0]], np.float32)
    model.get_layer("logit").set_weights([weights, np.array([0.5], np.float32)])
    module = ServingModule(model)
    images = np.random.default_rng(0).random((8, SIZE, SIZE, 1), dtype=np.float32)
    expected = module(images[:1])
    logit, cam = Engine(module.to_tflite("int8", images)).run(images[0, ..., 0])
    assert abs(float(expected["logit"][0, 0])) > 0.5
    assert logit == pytest.approx(float(expected["logit"][0, 0]), rel=0.03)
    np.testing.assert_allclose(cam, expected["cam"][0], atol=0.05 * float(np.abs(expected["cam"]).max()))


def test_onnx_takes_any_number_of_images_and_says_nothing_to_anybody(written, images, expected, monkeypatch):
    path, _ = written(get_format("onnx"))
    import onnxruntime

    said = []
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: said.append("quiet"))
    make = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *a, **k: said.append("open") or make(*a, **k))
    run = get_format("onnx").open(path, 1)
    assert said == ["quiet", "open"]
    np.testing.assert_allclose(run(images)["logit"][:, 0], expected.logits, atol=1e-5)
    session = make(path)
    assert session.get_inputs()[0].shape == ["batch", SIZE, SIZE, 1] and session.get_inputs()[0].name == "image"
    assert {output.name for output in session.get_outputs()} == {"logit", "cam"}


# === Radiographs ===


def test_ranges_come_from_training_images_and_checks_from_the_others(original, images, records):
    train, validation = split_by_patient(records, 0)
    assert len(original.representative) == len(train) and len(images) == len(validation)
    inputs = [{image.tobytes() for image in part} for part in (original.representative, images)]
    assert len(inputs[0]) == len(train) and not inputs[0] & inputs[1]


def test_another_folder_is_not_taken_for_that_of_the_training(original, records):
    with pytest.raises(DataError, match="validation images"):
        representative_images(original.bundle, records[1:])


# === Differences ===


def test_differences_worked_out_by_hand():
    one = Readings(np.array([0.0, 0.0]), np.zeros((2, 1, 2), np.float32))
    other = Readings(np.array([0.0, 2 * np.log(3)]), np.array([[[0, -3]], [[1, 0]]], np.float32))
    found = difference(one, other, temperature=2.0)
    assert (found.probability, found.mean_probability, found.map) == pytest.approx((0.25, 0.125, 3.0))
    assert found.within(Difference(0.26, 0.13, 3.0)) and not found.within(Difference(0.26, 0.13, 2.9))
    assert not found.within(Difference(0.26, 0.12, 3.0)) and not found.within(Difference(0.24, 0.13, 3.0))


def test_what_is_not_a_number_is_never_within():
    broken = Readings(np.array([np.nan]), np.zeros((1, 1, 1), np.float32))
    assert not difference(broken, broken, 1.0).within(Difference(1.0, 1.0, 1.0))


# === Refusals ===


def test_a_form_that_reads_differently_is_not_left_there(original, images, expected, tmp_path):
    changed = Readings(expected.logits + 1, expected.maps)
    with pytest.raises(ExportError, match=r"tflite .*: probability 0\.\d+ at most"):
        export(original, get_format("tflite"), tmp_path / "network.tflite", images, changed)
    changed = Readings(expected.logits, expected.maps + 0.1)
    with pytest.raises(ExportError, match=r"map 0\.1 "):
        export(original, get_format("keras"), tmp_path / "network.keras", images, changed)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_nothing_is_replaced(there, original, images, expected, tmp_path):
    path = tmp_path / "network.tflite"
    {
        "file": lambda: path.write_bytes(b"mine"),
        "folder": path.mkdir,
        "dangling link": lambda: path.symlink_to("nowhere"),
    }[there]()
    with pytest.raises(ExportError, match=r"^network\.tflite "):
        export(original, get_format("tflite"), path, images, expected)
    assert list(tmp_path.iterdir()) == [path] and (there != "file" or path.read_bytes() == b"mine")


def test_a_name_that_keras_would_not_open_is_refused(tmp_path):
    with pytest.raises(ExportError, match=r" \.h5"):
        get_format("h5").require_place(tmp_path / "network.hdf5")


def test_only_tflite_has_precisions():
    with pytest.raises(UnknownNameError, match=r"onnx 'int8'; .* of float32\.$"):
        get_format("onnx", "int8")


def test_unknown_forms_and_precisions_are_told_with_those_there_are():
    with pytest.raises(UnknownNameError, match=r"'gguf'; .* keras, h5, saved_model, onnx"):
        get_format("gguf")
    with pytest.raises(UnknownNameError, match=r"'int4'; .* float32, float16, int8\.$"):
        get_format("tflite", "int4")


def test_what_is_not_installed_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else object())
    with pytest.raises(MissingExtraError, match=r"-r locks/onnx\.txt$"):
        get_format("onnx").require_modules()
    get_format("tflite").require_modules()
    assert (ROOT / "locks/onnx.txt").exists()


# === The command ===


def run(*arguments):
    command = [sys.executable, str(ROOT / "scripts" / "export.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.slow
def test_the_command_exports_and_says_how_close(weights, records, tmp_path):
    path = tmp_path / "new" / "network.tflite"
    options = ("--weights", weights, "--format", "tflite", "--output", path)
    done = run(*options, "--precision", "float16", "--data", records[0].path.parent.parent)
    assert done.returncode == 0, done.stderr
    assert "custom-cnn as tflite float16, with the outputs logit and cam" in done.stdout
    assert "exp(-logit / 2.000000)" in done.stdout and "validation images: probability" in done.stdout
    assert path.stat().st_size < 0.6 * (weights / SERVED_MODEL).stat().st_size
    again = run(*options)
    assert again.returncode == 2 and again.stderr == (
        "error: network.tflite exists and was left alone. Remove it, or choose another place.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "h5", "--precision", "int8"), "no precision of h5 'int8'; choose one of float32."),
        (("--format", "tflite", "--precision", "int8"), "name with --data the folder the network was trained on"),
        (("--format", "tflite", "--variant", "mobilenetv2-frozen"), "holds custom-cnn, not mobilenetv2-frozen"),
        (("--format", "tflite", "--data", "nowhere"), "No images found for class NORMAL"),
    ],
)
def test_wrong_usage_is_one_line(arguments, said, weights, tmp_path):
    done = run_here("export.py", "--weights", weights, "--output", tmp_path / "network", *arguments)
    assert done.returncode == 2 and said in done.stderr and not list(tmp_path.iterdir())
    assert done.stderr.startswith("error: ") or done.stderr.splitlines()[-1].startswith("error: ")


# === What is measured ===


@pytest.mark.slow
def test_the_study_measures_each_form_against_the_served_file(original, records, tmp_path):
    forms = [get_format("tflite"), get_format("tflite", "float16"), get_format("keras")]
    measured = study(original.bundle, records, forms, tmp_path, threads=1, rounds=2)
    validation = split_by_patient(records, 0)[1]
    assert measured["images"] == len(validation) and measured["positives"] == sum(r.label for r in validation)
    served, half, keras_file = (measured["forms"][form.title] for form in forms)
    assert served["bytes"] == len(original.bundle.contents[SERVED_MODEL]) > 1.6 * half["bytes"]
    assert served["time_to_served"] == {"median": 1.0, "low": 1.0, "high": 1.0} != keras_file["time_to_served"]
    assert served["auroc_difference"] == {"value": 0.0, "low": 0.0, "high": 0.0} and served["changed"] == 0
    assert served["auroc"]["value"] == keras_file["auroc"]["value"]
    assert keras_file["difference"]["probability"] < half["difference"]["probability"]


@pytest.fixture(scope="module")
def radiographs(data_dir):
    return read_training_folder(data_dir / "chest_xray").records


@pytest.fixture(scope="module", params=PUBLISHED)
def published(request, radiographs):
    """A published network, fifty validation images, and what it says of them."""
    bundle = read_bundle(WEIGHTS_FOLDER / request.param)
    original = SourceModel(bundle, representative_images(bundle, radiographs))
    images = checked_images(bundle, radiographs)
    return original, images, original.read(images)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS, ids=TITLES)
def test_the_published_networks_read_fifty_radiographs_as_before(published, form, tmp_path):
    if not all(importlib.util.find_spec(module) for module in form.modules):
        pytest.skip(f"what {form.name} needs is not installed")
    original, images, expected = published
    assert len(images) == CHECKED
    path = tmp_path / f"network{form.suffix}"
    assert export(original, form, path, images, expected).within(form.allowed) and path.exists()
    # Had each image got another's reading, it would have been seen.
    mixed = Readings(expected.logits[::-1], expected.maps[::-1])
    assert not difference(expected, mixed, original.temperature).within(form.allowed)
