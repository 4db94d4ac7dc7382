"""What the page says and draws for a prediction."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from demo.shared import page_html, prediction_html, prediction_text, radiograph_images
from demo.shared.predictors import reading_record, unavailable_record
from demo.tabs.compare import views as compare_views
from pneumonia import Prediction
from pneumonia.core.check import Check
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.notices import NOTICE
from pneumonia.core.operating_points import Interval, OperatingPoint
from pneumonia.utils.formatting import percent
from tests.fixtures.fakes import LUNGS

POINT = OperatingPoint(
    "balanced", 0.41, 0.35, 0.48, sensitivity=Interval(0.951, 0.934, 0.966), specificity=Interval(0.902, 0.871, 1.0)
)
MARKUP = '<script>alert("x")</script>'


def reading(probability: float, **changes: object) -> Prediction:
    """A prediction judged at `POINT`, with evidence in the upper left quarter."""
    heatmap = np.zeros((2, 2), np.float32)
    heatmap[0, 0] = 4.0
    prediction = Prediction(
        status="read",
        variant="mobilenetv2-finetuned",
        operating_point=POINT.name,
        threshold=POINT.threshold,
        weights_sha256="ab" * 32,
        finding=POINT.finding(probability),
        probability=probability,
        logit=0.0,
        heatmap=heatmap,
        image_sha256="cd" * 32,
    )
    return replace(prediction, **changes)


class _Text(HTMLParser):
    """Collects tags, attributes and text, and complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("probability", "finding", "words"),
    [
        (0.964, PNEUMONIA, "Signs of pneumonia above the threshold"),
        (0.12, NORMAL, "No sign of pneumonia above the threshold"),
        (0.44, UNCERTAIN, "Too close to the threshold to call"),
    ],
)
def test_verdict_says_finding_probability_threshold_and_what_was_measured(probability, finding, words):
    text = _Text(prediction_html.verdict(reading(probability), POINT, "1.2.0")).text
    for said in (
        *(finding, words, f"{probability:.1%}", "threshold 41.0%", "35.0% to 48.0%", "balanced"),
        *("sensitivity 95.1% (95% interval 93.4% to 96.6%)", "specificity 90.2% (95% interval 87.1% to 100.0%)"),
        *(NOTICE, "1.2.0", "abababababab", "cdcdcdcdcdcd", "MobileNetV2, fine-tuned"),
    ):
        assert said in text
    assert "healthy" not in text.lower()


def test_bar_draws_probability_threshold_and_zone_and_says_them_to_screen_readers():
    bar = _Text(prediction_html.probability_bar(reading(0.964), POINT))
    styles = [value for name, value in bar.attributes if name == "style"]
    assert "left:96.40%" in styles  # the probability
    assert "left:41.00%" in styles  # the threshold
    assert "left:35.00%;width:13.00%" in styles  # the zone that is too close to call
    label = dict(bar.attributes)["aria-label"]
    assert "96.4%" in label and "41.0%" in label and "35.0% to 48.0%" in label


@pytest.mark.parametrize(
    ("share", "decimals", "words"),
    [
        *((0.0, 1, "0.0%"), (1.0, 1, "100.0%"), (0.0001, 1, "<0.1%"), (0.9999, 1, ">99.9%"), (0.5, 1, "50.0%")),
        *((0.0, 0, "0%"), (1.0, 0, "100%"), (0.004, 0, "<1%"), (0.996, 0, ">99%"), (0.994, 0, "99%")),
    ],
)
def test_percent_never_rounds_to_certainty(share, decimals, words):
    assert percent(share, decimals) == words


def test_rejection_is_an_alert_without_a_prediction():
    html = _Text(page_html.rejection("Too small."))
    assert ("role", "alert") in html.attributes
    assert "Too small." in html.text
    assert "%" not in html.text


def test_text_from_outside_is_escaped():
    checks = (Check("view", "warn", MARKUP),)
    for html in (
        page_html.rejection(MARKUP),
        page_html.prompt(MARKUP),
        prediction_html.checks(reading(0.9, checks=checks)),
        prediction_html.verdict(reading(0.9), POINT, MARKUP),
        compare_views.comparison({MARKUP: reading(0.9)}, [POINT], [0.1], {"custom-cnn": MARKUP}),
        compare_views.pair([MARKUP, None], None),
    ):
        parsed = _Text(html)
        assert "script" not in parsed.tags
        assert MARKUP in parsed.text


def test_checks_put_what_needs_care_first_and_say_their_state():
    checks = (Check("a", "ok", "Fine."), Check("b", "warn", "A photograph."))
    text = _Text(prediction_html.checks(reading(0.9, checks=checks))).text
    assert text.index("Careful: A photograph.") < text.index("Passed: Fine.")
    assert "Nothing unusual" in prediction_html.checks(reading(0.9))


def test_preview_keeps_the_shape_of_the_image_and_its_greys():
    pixels = np.full((3000, 1500), 0.2, np.float32)
    shown = radiograph_images.preview(pixels)
    assert shown.shape == (1024, 512) and shown.dtype == np.uint8
    assert set(np.unique(shown)) == {51}
    assert radiograph_images.preview(pixels[:200, :100]).shape == (200, 100)  # never enlarged


def test_overlay_colours_the_evidence_and_only_it():
    shown = np.full((100, 100), 90, np.uint8)
    coloured = radiograph_images.overlay_on(shown, reading(0.9), scale=4.0)
    assert coloured.shape == (100, 100, 3)
    assert np.ptp(coloured[5, 5].astype(int)) > 50
    assert np.array_equal(coloured[95, 95], [90, 90, 90])


def test_lungs_are_drawn_where_they_lie():
    """From 20 to 80 of 100 along, 20 apart in the middle."""
    shown = np.full((200, 200), 90, np.uint8)
    plain, outlined = (radiograph_images.overlay_on(shown, reading(0.9, lungs=of), 4.0) for of in (None, LUNGS))
    lungs = (plain != outlined).any(axis=-1)
    rows = np.flatnonzero(lungs.any(axis=1))
    assert 36 <= rows.min() <= 40 and 158 <= rows.max() <= 162 and not lungs[:, 85:115].any()


def test_share_in_the_lungs_is_said_beside_that_of_a_map_without_knowledge():
    words = _Text(prediction_html.in_lungs(reading(0.9, lungs=LUNGS, in_lung_share=0.823))).text
    assert "82% of the evidence" in words and "would have 24% there" in words
    assert "No lung fields are known for this image" in _Text(prediction_html.in_lungs(reading(0.9))).text
    assert (
        "The map shows next to no evidence for pneumonia"
        in _Text(prediction_html.in_lungs(reading(0.1, lungs=LUNGS))).text
    )


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ([NORMAL, NORMAL, NORMAL], "All 3 variants agree: NORMAL."),
        ([PNEUMONIA, NORMAL, PNEUMONIA], "The variants disagree: 2 PNEUMONIA, 1 NORMAL."),
        ([PNEUMONIA, UNCERTAIN], "The variants disagree: 1 PNEUMONIA, 1 UNCERTAIN."),
        ([NORMAL], "Only one variant is available"),
    ],
)
def test_agreement(findings, words):
    assert words in prediction_text.agreement(findings)


def test_comparison_has_a_row_a_variant_and_says_why_one_is_missing():
    readings = (reading(0.9, lungs=LUNGS, in_lung_share=0.3), reading(0.1, variant="custom-cnn"))
    predictions = {made.variant: made for made in readings}
    missing = {"mobilenetv2-frozen": "There are no weights."}
    table = _Text(compare_views.comparison(predictions, [POINT, POINT], [0.0144, 2.0], missing))
    assert table.tags.count("tr") == 1 + 3
    for said in (
        "90.0%",
        "10.0%",
        "30% of the evidence",
        "No lung fields are known for this image",
        "disagree",
        "Network and map in 14 ms",
        "MobileNetV2, frozen is unavailable. There are no weights.",
        NOTICE,
    ):
        assert said in table.text


def test_record_names_the_file_and_nothing_is_called_path():
    record = reading_record(reading(0.9), "chest.dcm")
    assert record["name"] == "chest.dcm" and record["finding"] == PNEUMONIA
    assert "path" not in record
    assert "path" not in unavailable_record("custom-cnn", "No weights.", "chest.dcm")
