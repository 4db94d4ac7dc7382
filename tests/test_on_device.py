"""docs/on_device.md: what it says, and its code run as it stands."""

import json
import re

import cv2
import numpy as np
import pytest

from pneumonia.bundle import KERAS_MODEL, SERVED_MODEL, WEIGHTS_FOLDER, read_bundle
from pneumonia.engine import Engine
from pneumonia.explain.overlay import HEATMAP_SCALE
from pneumonia.images import decode
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Preprocessor
from pneumonia.variants import PUBLISHED
from tests.browsing import needs_chromium
from tests.litert_in_browser import NPM, PAGE, READ, documented_code, install, served
from tests.making import EXAMPLE

VARIANT = "custom-cnn"


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_numbers_of_the_page_are_those_of_the_record(variant):
    text = " ".join(PAGE.read_text().split())
    config = json.loads((WEIGHTS_FOLDER / variant / "config.json").read_text())
    record = config["preprocessing"]
    assert record["field"] == "image", "the page knows of no lungs"
    assert f"Squash to {record['size']} by {record['size']} pixels" in text
    assert f"const SIZE = {record['size']};" in text
    for percent, place in ((record["low_percentile"], f"{record['low_percentile']:.0f}st"), (99.0, "99th")):
        assert f"percentile(sample, {percent:.0f})" in text and place in text
    assert record["high_percentile"] == 99.0 and config["heatmap_scale"] == HEATMAP_SCALE
    assert {"temperature", "operating_points", "heatmap_scale"} <= set(config)
    assert re.search(rf"float32 \(1, {record['size']}, {record['size']}, 1\)", text)
