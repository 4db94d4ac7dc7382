"""docs/on_device.md: what it says, and its code run as it stands."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from pneumonia import load_predictor
from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.explain.overlay import HEATMAP_SCALE
from pneumonia.imaging.decode import decode
from pneumonia.inference.engine import Engine
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import SERVED_MODEL, WEIGHTS_FOLDER, read_bundle
from scripts.studies.reliability.synthetic_images import EXAMPLE
from tests.fixtures.browsing import needs_chromium
from tests.fixtures.litert_in_browser import NPM, PAGE, READ, install, served

VARIANT = "custom-cnn"


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_numbers_of_the_page_are_those_of_the_record(variant):
    text = " ".join(PAGE.read_text().split())
    config = json.loads((WEIGHTS_FOLDER / variant / "config.json").read_text())
    record = config["preprocessing"]
    assert record["field"] == "image" and record["lung_fields"] is None, "the page knows of no lungs"
    size, low, high = (record[name] for name in ("size", "low_percentile", "high_percentile"))
    for said in (
        *(f"Squash to {size} by {size} pixels", f"const SIZE = {size};", f"float32 (1, {size}, {size}, 1)"),
        *(f"the {low:.0f}st and the {high:.0f}th percentile", f"percentile(sample, {low:.0f})"),
        f"percentile(sample, {high:.0f})",
    ):
        assert said in text
    assert config["heatmap_scale"] == HEATMAP_SCALE and list(config["populations"]) == [CHILDREN, ADULTS]
    outputs = Engine(read_bundle(WEIGHTS_FOLDER / variant).contents[SERVED_MODEL]).run(np.zeros((size, size), "f4"))
    assert outputs[1].ndim == 2


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with LiteRT.js, one network in three precisions, and radiographs made by code."""
    from pneumonia.exports.source_model import SourceModel, prepare_files, preprocessor_of

    folder = tmp_path_factory.mktemp("site")
    install(folder)
    bundle = read_bundle(WEIGHTS_FOLDER / VARIANT)
    examples = prepare_files(sorted(EXAMPLE.parent.glob("*.png")), preprocessor_of(bundle))
    original = SourceModel(bundle, examples)
    (folder / "float32.tflite").write_bytes(bundle.contents[SERVED_MODEL])
    (folder / "float16.tflite").write_bytes(original.serving.to_tflite("float16"))
    (folder / "int8.tflite").write_bytes(original.serving.to_tflite("int8", examples))
    shutil.copy(EXAMPLE, folder / "large.png")
    with Image.open(EXAMPLE) as image:
        # Wider than the network's input and less high, in colours that are all grey.
        image.convert("RGB").resize((531, 203)).save(folder / "flat.jpeg", quality=92)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(NPM is None, reason="npm is not installed on this machine")
@needs_chromium
@pytest.mark.parametrize("image", ["large.png", "flat.jpeg"])
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_the_code_of_the_page_reads_as_this_library_does(site, browser, precision, image):
    bundle = read_bundle(WEIGHTS_FOLDER / VARIANT)
    from pneumonia.exports.source_model import preprocessor_of

    asked, errors = set(), []
    page = browser.new_page()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.on("pageerror", lambda error: errors.append(str(error)))
    with served(site) as address:
        page.goto(address)
        result = page.evaluate(READ, [f"/{image}", f"/{precision}.tflite", bundle.config])
        page.close()
    assert asked == {address.split("/")[2]} and not errors
    prepared = preprocessor_of(bundle).apply(decode(site / image).pixels).image
    np.testing.assert_allclose(np.reshape(result["input"], prepared.shape), prepared, atol=1e-5)
    logit, cam = Engine((site / f"{precision}.tflite").read_bytes()).run(prepared)
    # One step of int8 is a few hundredths of a logit, and half a logit in the map.
    tolerance = 1e-3 if precision == "float32" else 0.05 if precision == "float16" else 1.0
    assert result["logit"] == pytest.approx(logit, abs=tolerance)
    np.testing.assert_allclose(np.reshape(result["map"], cam.shape), cam, atol=2 * tolerance)
    calibration = load_predictor(VARIANT).calibrations[ADULTS]
    assert result["probability"] == pytest.approx(calibration.probabilities(np.array([result["logit"]]))[0])
    np.testing.assert_allclose(result["shown"], np.clip(np.array(result["map"]) / HEATMAP_SCALE, 0, 1), atol=1e-6)
