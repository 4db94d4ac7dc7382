"""What the page says and draws for a prediction."""

from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from demo.shared import page_html, prediction_html, prediction_text, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.bar import position, probability_bar
from demo.shared.predictors import Predictors, Repeatability, reading_record, unavailable_record
from demo.tabs.compare import views as compare_views
from pneumonia import Prediction
from pneumonia.core.check import Check
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.notices import NOTICE
from pneumonia.core.operating_points import CUSTOM, OPERATING_POINTS, Interval, OperatingPoint
from pneumonia.core.populations import CHILDREN
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.formatting import percent
from tests.fixtures.fakes import LUNGS, POINTS, FakePredictor

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


def judged(probability: float, variant: str = "mobilenetv2-finetuned", **changes: object) -> JudgedPrediction:
    """The same with what it was judged by."""
    predictor = FakePredictor(variant)
    calibration = replace(predictor.calibration, operating_points=POINTS | {POINT.name: POINT})
    predictor.calibrations = {CHILDREN: calibration}
    return JudgedPrediction(reading(probability, variant=variant, **changes), POINT, predictor)


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


def test_the_card_puts_for_whom_and_every_warning_above_the_answer_and_folds_versions_away():
    checks = (Check("a", "ok", "Fine."), Check("b", "warn", "A photograph."))
    known = {"lungs": LUNGS, "in_lung_share": 0.823, "population": "children", "population_source": "reader"}
    of = judged(0.964, **known, checks=checks)
    text = _Text(prediction_html.verdict(of, choices=True)).text
    said = [
        *(
            "Read as a child of 1 to 5 years, as was chosen.",
            "It was tested on 60 radiographs of children, 30 with pneumonia.",
        ),
        *("Careful: A photograph.", "Signs of pneumonia", "Inside the lungs: 82%", f"{shared_texts.PROBABILITY} 96.4%"),
        *("from 20.0%", "from 41.0%", "from 80.0%"),
    ]
    places = [text.index(words) for words in said]
    assert places == sorted(places)
    denied = _Text(prediction_html.verdict(of, choices=True, confirmed=False)).text
    assert denied.index("A photograph.") < denied.index(shared_texts.REGION_UNCONFIRMED) < denied.index("Signs of")
    assert shared_texts.REGION_UNCONFIRMED not in text
    figures = _Text(prediction_html.figures(of)).text
    assert "Balanced: sensitivity 95.1% (95% interval 93.4% to 96.6%)" in figures and NOTICE in figures
    assert "from 41.0% on counts as pneumonia; from 35.0% to 48.0% it is too close to call" in figures
    folded = _Text(prediction_html.details(of))
    assert folded.tags[0] == "details"
    for words in ("Fine.", "1.0.0", "abababababab", "cdcdcdcdcdcd", "MobileNetV2, fine-tuned", "as published"):
        assert words in folded.text and words not in text + figures
    for jargon in ("logit", "ECE", "ariant", "shipped"):
        assert jargon not in text + figures + folded.text


def test_bar_draws_all_points_and_says_the_chosen_one_to_screen_readers():
    bar = _Text(probability_bar(judged(0.964), choices=True))
    label = dict(bar.attributes)["aria-label"]
    assert "96.4%" in label and "41.0%" in label and "35.0% to 48.0%" in label
    styles = [value for name, value in bar.attributes if name == "style"]
    assert f"left:{100 * position(0.964):.2f}%" in styles
    for point in (POINTS | {POINT.name: POINT}).values():
        assert f"left:{100 * position(point.threshold):.2f}%" in styles
    # Each mark clicks its button.
    clicked = [value for name, value in bar.attributes if name == "data-clicks"]
    assert clicked == [f"#operating-point input[value={name}]" for name in OPERATING_POINTS]
    assert "data-clicks" not in probability_bar(judged(0.964))


def test_a_threshold_of_ones_own_has_a_mark_that_chooses_nothing():
    own = replace(POINT, name=CUSTOM, threshold=0.9)
    bar = probability_bar(judged(0.964)._replace(point=own), choices=True)
    assert bar.count("bar-mark") == 4 and bar.count("bar-mark chosen") == 1 and f"value={CUSTOM}" not in bar


@pytest.mark.parametrize(
    ("probability", "place"), [(0, 0), (0.001, 0), (0.01, 0.167), (0.5, 0.5), (0.9, 0.659), (0.999, 1), (1, 1)]
)
def test_the_scale_of_the_bar_is_that_of_odds(probability, place):
    assert position(probability) == pytest.approx(place, abs=0.001)


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
        prediction_html.checks({"": reading(0.9, checks=(Check("view", "ok", MARKUP),))}),
        prediction_html.verdict(judged(0.9, checks=checks)),
        compare_views.comparison({MARKUP: judged(0.9)}, [0.1], {"custom-cnn": MARKUP}),
        prediction_html.warnings({MARKUP: reading(0.9, checks=checks), "other": reading(0.9)}),
        compare_views.pair([MARKUP, None], None),
    ):
        parsed = _Text(html)
        assert "script" not in parsed.tags
        assert MARKUP in parsed.text


def test_every_warning_stands_above_what_several_readings_say_and_what_was_passed_below():
    fine, photograph, cut = Check("a", "ok", "Fine."), Check("b", "warn", "A photograph."), Check("c", "warn", "Cut.")
    one, other = judged(0.9, "custom-cnn", checks=(fine, photograph, cut)), judged(0.9, checks=(fine, cut))
    compared = compare_views.comparison({of.prediction.variant: of for of in (one, other)}, [0.0, 0.0], {})
    pair = compare_views.pair([one, other], ("No change", ""))
    for html, noticed, headline in (
        (compared, "Careful (Custom CNN): A photograph.", "All 2 networks agree"),
        (pair, "Careful (Earlier image): A photograph.", "No change"),
    ):
        text = _Text(html).text
        assert text.count("A photograph.") == text.count("Careful: Cut.") == 1
        places = [text.index(words) for words in (noticed, "Careful: Cut.", headline, "Signs of pneumonia", "Fine.")]
        assert places == sorted(places)
    # What is noticed of the only one that was read is not said of the other.
    assert "Careful (Later image): Cut." in _Text(compare_views.pair(["Too small.", other], None)).text


def test_checks_say_where_those_are_that_were_not_passed():
    assert "Nothing unusual" in prediction_html.checks({"": reading(0.9)})
    warned = prediction_html.checks({"": reading(0.9, checks=(Check("b", "warn", "A photograph."),))})
    assert shared_texts.SEE_ABOVE in warned and "photograph" not in warned


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


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ([NORMAL, NORMAL, NORMAL], "All 3 networks agree at this operating point: pneumonia is not called."),
        ([PNEUMONIA, NORMAL, PNEUMONIA], "operating point: 2 called, 1 not called."),
        ([PNEUMONIA, UNCERTAIN], "operating point: 1 called, 1 too close to call."),
        ([NORMAL], "Only one network is available"),
    ],
)
def test_agreement(findings, words):
    predictions = {str(number): reading(0.5, finding=finding) for number, finding in enumerate(findings)}
    assert words in prediction_text.agreement(predictions)[0]


def test_networks_that_agree_on_the_finding_but_not_on_the_place_are_said_to():
    def at(variant: str, *cells: tuple[int, int], probability: float = 0.9, **others: object) -> JudgedPrediction:
        heatmap = np.zeros((10, 10), np.float32)
        heatmap[tuple(zip(*cells, strict=True))] = 100.0
        return judged(probability, variant, **{"heatmap": heatmap, "lungs": LUNGS, "in_lung_share": 0.8} | others)

    def said(*readings: JudgedPrediction) -> str:
        table = compare_views.comparison({r.prediction.variant: r for r in readings}, [0.0] * len(readings), {})
        return _Text(table).text

    one, other = "custom-cnn", "mobilenetv2-finetuned"
    upper, lower, outside = (2, 2), (7, 7), (0, 0)
    apart = said(at(one, upper), at(other, lower))
    assert shared_texts.OTHER_PLACES in apart and "All 2 networks agree" in apart
    assert shared_texts.OTHER_PLACES in said(at(one, upper), at(other, outside))
    # Nothing that is not tested is named.
    assert shared_texts.REGIONS_NOT_TESTED in apart and "zone" not in apart and "mostly" not in apart
    # The same zone, once as a part of a larger place; no signs, which lie nowhere; other findings; unknown lungs.
    for readings in (
        (at(one, upper), at(other, upper)),
        (at(one, upper), at(other, upper, (4, 2))),
        (at(one, upper, probability=0.01), at(other, lower, probability=0.01)),
        (at(one, upper), at(other, lower, probability=0.01)),
        (at(one, upper, lungs=None), at(other, lower, lungs=None)),
    ):
        assert shared_texts.OTHER_PLACES not in said(*readings)


EARLIER, LATER = reading(0.1, population="children"), reading(0.9, population="children", image_sha256="ef" * 32)


@pytest.mark.parametrize(
    ("change", "whose", "usual", "headline", "meaning"),
    [
        (1.9, "children", Repeatability(2.0, "children"), "No change beyond what two images of one child", "no change"),
        (2.1, "children", Repeatability(2.0, "children"), "More signs of pneumonia than two images of one child", "95"),
        (-2.1, "adults", Repeatability(2.0, "adults"), "Fewer signs of pneumonia than two images of one adult", "95"),
        (0.0, "adults", Repeatability(2.0, "children"), "two images of one child", "children of 1 to 5 years, and not"),
        (0.0, None, Repeatability(2.0, None), "two images of one patient", "no change"),
        (9.9, "adults", None, "one adult differ by was not measured", "nothing is said of a change"),
    ],
)
def test_a_change_is_told_by_what_images_of_one_patient_differ_by(change, whose, usual, headline, meaning):
    later = replace(LATER, logit=change, population=whose)
    said = prediction_text.change(replace(EARLIER, population=whose), later, {whose: usual}.__getitem__)
    assert headline in said[0] and meaning in said[1]
    assert not any(jargon in " ".join(said) for jargon in ("logit", "score of", "ariant"))


def test_nothing_is_said_of_a_change_between_other_patients_or_of_one_image():
    def never(population: str | None) -> None:
        raise AssertionError(population)

    asks = Check("population", "warn", "Child or adult?")
    for later, headline in (
        (replace(LATER, population="adults"), shared_texts.OTHER_PATIENTS),
        (replace(LATER, population=None, checks=(asks,)), shared_texts.UNDECIDED_PATIENT),
        (replace(LATER, image_sha256=EARLIER.image_sha256), shared_texts.SAME_IMAGE),
    ):
        assert prediction_text.change(EARLIER, later, never)[0] == headline


def test_what_images_of_one_patient_differ_by_is_that_of_the_population(monkeypatch):
    limits = {"validation": 2.0, "adults": None}
    of_children = FakePredictor("custom-cnn")
    of_children.metrics = {"sets": {name: {"scores": name} for name in limits}}
    of_children.calibrations = {
        "children": replace(of_children.calibration, population="children", sets=("validation",)),
        "adults": replace(of_children.calibration, population="adults", sets=("adults",)),
    }
    monkeypatch.setattr("demo.shared.predictors.Scores", SimpleNamespace(from_dict=lambda name: name))
    monkeypatch.setattr("demo.shared.predictors.repeatability_limit", limits.__getitem__)
    predictors = Predictors(lambda name: of_children)
    assert predictors.repeatability("custom-cnn", "children") == (2.0, "children")
    # Too few adults have several images: it is measured on children, and said to be.
    assert predictors.repeatability("custom-cnn", "adults") == (2.0, "children")
    limits["adults"] = 1.0
    assert Predictors(lambda name: of_children).repeatability("custom-cnn", "adults") == (1.0, "adults")


def test_comparison_has_a_row_a_variant_and_says_why_one_is_missing():
    readings = (judged(0.9, lungs=LUNGS, in_lung_share=0.3), judged(0.1, "custom-cnn"))
    predictions = {made.prediction.variant: made for made in readings}
    missing = {"mobilenetv2-frozen": "There are no weights."}
    table = _Text(compare_views.comparison(predictions, [0.0144, 2.0], missing))
    assert table.tags.count("tr") == 1 + 3
    for said in (
        "90.0%",
        "10.0%",
        "most of it outside the lungs. Inside: 30%.",
        "the lungs were not found",
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
