"""What is refused as no chest radiograph: the decision, what was fitted, and the figures that are published."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.data.non_chest_images import OUTLIERS, TURNED, shuffle_tiles
from pneumonia.errors import UnsupportedImageError
from pneumonia.imaging.decode import decode
from pneumonia.inference import chest_check, lung_segmentation
from pneumonia.inference.chest_check import (
    CHEST_CHECK_FOLDER,
    FILES,
    NEGATIVE,
    ON_ITS_SIDE,
    UPSIDE_DOWN,
    ChestCheck,
    ChestLimits,
    ChestModel,
    ChestScores,
    load_chest_check,
)
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import LUNG_FIELDS_FOLDER, LungSegmentation, Measures, load_lung_fields
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.training.chest_check import choose_limits, fit
from pneumonia.utils.json_values import json_bytes, read_json
from pneumonia.weights.cards.chest_check import render_card
from pneumonia.weights.folder import read_bundle
from scripts import ROOT
from scripts.studies.chest_check.__main__ import STUDY
from scripts.studies.chest_check.drawn_pictures import DRAWN
from scripts.studies.reliability.synthetic_images import encode

EXAMPLES = sorted((ROOT / "demo" / "examples").glob("synthetic-[!r]*.png"))
TURNS = {"turned by 90 degrees": ON_ITS_SIDE, "turned by 180 degrees": UPSIDE_DOWN}
TURNS |= {"turned by 270 degrees": ON_ITS_SIDE, "upside down, mirrored": UPSIDE_DOWN}


def a_fit(**changes):
    """One free axis, of deviation 2, out of three."""
    axes = np.array([[1.0], [0.0], [0.0]], np.float32)
    values = {"mean": np.zeros(3, np.float32), "scale": np.ones(3, np.float32), "axes": axes, "rest": 0.5}
    values |= {"deviations": np.array([2.0], np.float32), "weights": np.array([3.0], np.float32), "bias": -1.0}
    return ChestModel(**{**values, **changes})


# === The two figures ===


def test_distance_and_score_by_hand():
    # Two deviations along the free axis, and two of the others' deviations beside it: (4 + 4) / 3; 2 * 3 - 1.
    assert a_fit().measure(np.array([4.0, 1.0, 0.0], np.float32)) == pytest.approx((8 / 3, 5.0))
    assert a_fit().measure(np.zeros(3, np.float32)) == (0.0, -1.0)
    moved = a_fit(mean=np.array([4.0, 1.0, 0.0], np.float32))
    assert moved.measure(np.array([4.0, 1.0, 0.0], np.float32)) == (0.0, -1.0)
    scaled = a_fit(scale=np.array([2.0, 4.0, 1.0], np.float32))
    assert scaled.measure(np.array([8.0, 4.0, 0.0], np.float32)) == pytest.approx((8 / 3, 5.0))


def test_what_was_fitted_survives_its_file():
    one, features = a_fit(), np.array([4.0, 1.0, 7.0], np.float32)
    assert ChestModel.from_bytes(one.to_bytes()).measure(features) == pytest.approx(one.measure(features))
    assert one.to_bytes() == one.to_bytes()


def test_tiles_are_laid_out_in_the_order_given():
    square = np.arange(16).reshape(4, 4)
    turned = [[2, 3, 0, 1], [6, 7, 4, 5], [8, 9, 10, 11], [12, 13, 14, 15]]
    assert shuffle_tiles(square, 2, np.array([1, 0, 2, 3])).tolist() == turned


def test_a_fit_has_mean_distance_one_and_tells_outliers():
    rng = np.random.default_rng(0)
    spread = np.array([9.0, 4.0, 1.0, 0.5, 0.3])
    chests = (rng.standard_normal((400, 5)) * spread + 3).astype(np.float32)
    outliers = chests[:200] + np.array([20, 0, 0, 0, 0], np.float32)
    fitted = fit(chests, outliers, seed=0)
    seen = [fitted.measure(one) for one in chests]
    # The mean squared Mahalanobis distance of a sample from its own mean is the number of axes, but for n - 1 and n.
    assert np.mean([one.distance for one in seen]) == pytest.approx(399 / 400, abs=1e-3)
    assert np.mean([one.score < 0 for one in seen]) > 0.8
    assert np.mean([fitted.measure(one).score > 0 for one in outliers]) > 0.8


def test_limits_by_the_rule():
    adults = [ChestScores(float(n), -float(n)) for n in range(101)]
    limits = choose_limits(adults, [ChestScores(float(n), 2.0 * n) for n in range(2001)])
    assert limits == ChestLimits(ChestScores(98.0, -2.0), ChestScores(1999.0, 3998.0))
    assert read_json(ChestLimits, json_bytes(limits.to_dict())) == limits


# === The decision ===

LIMITS = ChestLimits(warn=ChestScores(10.0, 2.0), refuse=ChestScores(50.0, 4.0))


def judge(square, found=True, inverted=9.0):
    """Judge a square whose upper left corner is its score, or that of its inverse; half its square is the distance."""
    axis = np.array([[1.0], [0.0]], np.float32)
    one = np.ones(1, np.float32)
    fitted = ChestModel(np.zeros(2, np.float32), np.ones(2, np.float32), axis, one, 1.0, one, 0.0)

    def segment(image):
        features = np.array([image[0, 0] if image.max() > 1 else inverted, 0.0], np.float32)
        return LungSegmentation(np.zeros((4, 4), np.float32), 0.5, Measures(0.2, 1.0, 1.0, True), found, features)

    square = np.array(square, np.float32)
    return ChestCheck(fitted, LIMITS).judge(square, segment(square), segment)


def test_a_usual_image_is_let_pass_with_lungs_or_without():
    assert judge([[1, 9], [9, 9]]) is None
    assert judge([[1, 9], [9, 9]], found=False) is None


def test_between_the_limits_is_a_warning_unless_there_are_no_lungs():
    warned = judge([[3, 9], [9, 9]])
    assert (warned.name, warned.status) == ("chest", "warn") and "turned" in warned.message
    # Far below on the score, so that the distance alone is unusual: 4.5 squared, halved.
    assert "differs from known ones" in judge([[-4.5, 9], [9, 9]]).message
    refused = judge([[3, 9], [9, 9]], found=False)
    assert refused.status == "reject" and "no two lung fields" in refused.message


def test_above_the_limits_is_refused():
    refused = judge([[12, 12], [12, 12]])
    assert (refused.name, refused.status) == ("chest", "reject") and "differs from known ones" in refused.message
    assert not re.search(r"\d", refused.message), "no figure that a reader would have to look up"


@pytest.mark.parametrize(
    ("square", "said"),
    [
        ([[3, 1], [9, 9]], ON_ITS_SIDE),  # a quarter turn brings the upper right corner to the upper left
        ([[9, 9], [9, 1]], UPSIDE_DOWN),
        ([[9, 9], [1, 9]], ON_ITS_SIDE),
    ],
)
def test_what_looks_upright_once_turned_is_said_to_be_turned(square, said):
    assert judge(square).status == "reject" and judge(square).message == said


def test_a_negative_is_refused_with_the_word_to_invert_it():
    for corner in (3, 4.5):  # between the limits, and above them
        negative = judge([[corner, 9], [9, 9]], inverted=-3.5)
        assert (negative.status, negative.message) == ("reject", NEGATIVE)
    # Inverted, this one is unusual even so.
    assert judge([[4.5, 9], [9, 9]], inverted=4.5).message != NEGATIVE
    # A usual one is not, whatever its inverse looks like.
    assert judge([[1, 9], [9, 9]], inverted=-3.5) is None


# === In a reading ===


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_synthetic_examples_are_read_upright_and_refused_turned(tiny_predictor, path):
    pixels = np.asarray(Image.open(path).convert("L"))
    prediction = tiny_predictor.predict(pixels)
    assert prediction.status == "read" and not [check for check in prediction.checks if check.name == "chest"]
    for kind, said in TURNS.items():
        turned = tiny_predictor.predict(np.ascontiguousarray(TURNED[kind](pixels, None)))
        assert (turned.status, turned.error) == ("rejected", said), kind
        assert turned.checks[0].name == "chest" and turned.finding is turned.heatmap is None
        assert turned.image_sha256


@pytest.mark.parametrize("kind", ["noise", "textures", "charts", "pages of text", "drawn bones"])
def test_pictures_are_refused_in_words(tiny_predictor, kind):
    for number in range(3):
        prediction = tiny_predictor.predict(DRAWN[kind](np.random.default_rng(number)))
        assert prediction.status == "rejected" and prediction.error.endswith(("not read.", "choose that file."))


def test_the_marked_region_of_a_refused_image_is_not_tested(tiny_predictor):
    with pytest.raises(UnsupportedImageError, match="frontal chest"):
        tiny_predictor.measure_support(DRAWN["pages of text"](np.random.default_rng(0)))


def test_without_the_check_images_are_read_with_a_warning(tiny_predictor, tmp_path, monkeypatch):
    page = DRAWN["pages of text"](np.random.default_rng(0))
    damaged, stale = tmp_path / "damaged", tmp_path / "stale"
    for folder in (damaged, stale):
        shutil.copytree(CHEST_CHECK_FOLDER, folder)
    (damaged / "chest.npz").write_bytes(b"damaged")
    config = json.loads((stale / "config.json").read_text())
    (stale / "config.json").write_text(json.dumps({**config, "lung_fields": "another"}))
    for folder in (tmp_path / "nowhere", damaged, stale):
        monkeypatch.setattr(chest_check, "CHEST_CHECK_FOLDER", folder)
        prediction = tiny_predictor.predict(page)
        (check,) = (check for check in prediction.checks if check.name == "chest")
        assert prediction.status == "read" and check.status == "warn" and "not checked" in check.message
    monkeypatch.undo()
    monkeypatch.setattr(lung_segmentation, "LUNG_FIELDS_FOLDER", tmp_path / "nowhere")
    prediction = tiny_predictor.predict(page)
    assert prediction.status == "read" and {"chest", "lungs"} <= {check.name for check in prediction.checks}


def test_all_variants_share_one_judgement(tiny_predictor, monkeypatch):
    calls = []
    judged = ChestCheck.judge
    monkeypatch.setattr(ChestCheck, "judge", lambda *given: calls.append(1) or judged(*given))
    case = SharedAnalysis(decode(EXAMPLES[0]))
    assert tiny_predictor.predict(case) == tiny_predictor.predict(case) and len(calls) == 1


# === On the page ===


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.png"
    path.write_bytes(encode(DRAWN["pages of text"](np.random.default_rng(0)), "PNG"))
    return str(path)


def test_read_and_compare_say_why_and_read_shows_the_image(tiny_predictor, page):
    predictors = Predictors(lambda variant: tiny_predictor)
    session = Session()
    record, _, *view = ReadHandlers(predictors).on_read(page, "custom-cnn", "balanced", session)
    verdict, viewer, details, *_ = view
    assert record["status"] == "rejected" and "frontal chest radiograph" in verdict
    assert [pane["map"] for pane in viewer["panes"]] == [None] and (details, session.reading) == ("", None)
    # Below the refusal, and without repeating it.
    assert "Several pictures" in verdict and verdict.count(record["error"]) == 1
    records, session, table, _ = CompareHandlers(predictors).on_compare(page, "balanced", Session())
    assert {record["status"] for record in records} == {"rejected"} and "frontal chest radiograph" in table
    assert session.reading is None


def test_a_refused_image_in_a_batch_has_its_row_and_opens(tiny_predictor, page):
    handlers, session = BatchHandlers(Predictors(lambda variant: tiny_predictor)), BatchSession()
    *_, (records, *_) = handlers.on_read([page, str(EXAMPLES[0])], "custom-cnn", "balanced", session)
    assert [record["status"] for record in records] == ["rejected", "read"]

    verdict, viewer, *_ = handlers.on_row_open(session, SimpleNamespace(index=1))
    assert "frontal chest radiograph" in verdict and [pane["map"] for pane in viewer["panes"]] == [None]


# === What is made to judge it ===


def test_drawn_pictures_are_the_same_from_the_same_seed():
    for kind, draw in DRAWN.items():
        one, again, other = (draw(np.random.default_rng(seed)) for seed in (3, 3, 4))
        assert one.dtype == np.uint8 and one.ndim == 2 and np.array_equal(one, again), kind
        assert one.shape != other.shape or not np.array_equal(one, other), kind


def test_outliers_by_hand():
    image = np.arange(100 * 100, dtype=np.float32).reshape(100, 100) / 1e4
    corners = {"turned by 90 degrees": 99, "turned by 180 degrees": 9999, "turned by 270 degrees": 9900}
    for kind, corner in {**corners, "upside down, mirrored": 9900}.items():
        assert OUTLIERS[kind](image, None)[0, 0] == image.flat[corner]
    rng = np.random.default_rng(0)
    for _ in range(20):
        shoulder, abdomen, lung, tiles = (
            OUTLIERS[kind](image, rng) for kind in ("shoulders", "abdomens", "one lung", "shuffled tiles")
        )
        assert shoulder.shape[0] <= 42 and shoulder[0, 0] < 0.01
        assert abdomen[-1].max() >= 0.99 and abdomen.min() >= 0.68
        assert lung.shape == (100, 50)
        assert not np.array_equal(tiles, image[: len(tiles), : len(tiles)])


# === What is published ===


@pytest.fixture(scope="module")
def figures():
    return STUDY.figures()


def test_the_figures_are_those_of_the_committed_weights(figures):
    bundle = read_bundle(CHEST_CHECK_FOLDER, FILES)
    assert figures["fitted_sha256"] == bundle.config["files"]["chest.npz"]["sha256"]
    assert figures["lung_fields_sha256"] == bundle.config["lung_fields"] == load_lung_fields().weights_sha256
    assert figures["limits"] == bundle.config["limits"] == load_chest_check().limits.to_dict()


def test_nineteen_in_twenty_are_refused_of_many_kinds_never_fitted(figures):
    assert figures["pooled"]["first looked at afterwards"]["kinds"] == 5
    for name in ("all", "not made of radiographs", "first looked at afterwards"):
        pooled = figures["pooled"][name]
        assert pooled["n"] >= 200 and pooled["refused"]["value"] >= 0.95
    turned = [row for row in figures["others"] if row["kind"] in TURNED]
    assert len(turned) == 8 and all(row["refused"]["value"] >= 0.95 for row in turned)


def test_at_most_one_radiograph_in_fifty_is_refused(figures):
    sets = {name: of_set for name, of_set in figures["radiographs"].items() if not name.endswith("-negative")}
    assert {"children-report", "children-native", "adult-selection", "adult-report", "adult-report-dark"} <= set(sets)
    assert all(of_set["refused"]["value"] <= 0.02 for of_set in sets.values())


def test_negatives_are_told_and_no_radiograph_is_taken_for_one(figures):
    for name, of_set in figures["radiographs"].items():
        if name.endswith("-negative"):
            assert of_set["refused"]["value"] >= 0.99 and of_set["told_negative"] >= 0.95 * of_set["n"], name
        else:
            assert of_set["told_negative"] == 0, name


def test_the_card_is_rendered_from_what_was_fitted():
    bundle = read_bundle(CHEST_CHECK_FOLDER, FILES)
    assert bundle.contents["README.md"].decode() == render_card(bundle.config, bundle.metrics)


def test_the_report_is_rendered_from_the_figures(figures):
    assert STUDY.document.read_text() == STUDY.render(figures)


def test_the_served_features_are_about_those_of_the_keras_model():
    import keras

    from pneumonia.models.lung_unet import deep_features

    model = keras.models.load_model(LUNG_FIELDS_FOLDER / "model.keras", compile=False)
    record = Preprocessing(size=128)
    square = Preprocessing().squash(decode(EXAMPLES[0]).pixels)
    outputs = keras.Model(model.input, [model.output, *deep_features(model)])(record.apply(square)[None, ..., None])
    logits, *deep = (np.asarray(output[0]) for output in outputs)
    lungs = load_lung_fields().segment(square)
    halves = (slice(None, 8), slice(8, None)), (slice(None, 4), slice(4, None))
    quarters = [
        features[rows, columns].mean(axis=(0, 1))
        for features, half in zip(deep, halves, strict=True)
        for rows in half
        for columns in half
    ]
    # Kernels of 8 bits.
    np.testing.assert_allclose(lungs.features, np.concatenate(quarters), atol=0.01)
    assert np.mean((logits[..., 0] > 0) == (lungs.mask >= 0.5)) > 0.99


def test_held_out_children_are_read_and_refused_turned(data_dir):
    paths = sorted((data_dir / "native").glob("*/*"))[::15]
    fields, check = load_lung_fields(), load_chest_check()
    for path in paths:
        square = Preprocessing().squash(decode(path).pixels)
        seen = {turn: np.ascontiguousarray(np.rot90(square, turn)) for turn in range(4)}
        judged = {turn: check.judge(image, fields.segment(image), fields.segment) for turn, image in seen.items()}
        assert judged[0] is None or judged[0].status == "warn"
        assert [judged[turn].message for turn in (1, 2, 3)] == [ON_ITS_SIDE, UPSIDE_DOWN, ON_ITS_SIDE]


def test_no_path_of_the_fitting_machine_is_published():
    figures = ROOT / "docs" / "studies" / "chest_check.json"
    for path in (*(CHEST_CHECK_FOLDER / name for name in ("config.json", "README.md")), figures):
        assert not any(start in path.read_text() for start in ("/home/", "/root", "/tmp", "/work", "\\Users"))
