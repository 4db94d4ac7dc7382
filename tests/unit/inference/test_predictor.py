"""From an upload to a reading."""

import gc
import json
import math
import shutil
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
from PIL import Image

from pneumonia import Prediction, list_variants, load_predictor
from pneumonia.errors import UnknownNameError, UnsupportedImageError, WeightsError
from pneumonia.imaging.decode import decode
from pneumonia.inference import lung_segmentation, shared_analysis
from pneumonia.inference.lung_segmentation import LungFields, LungSegmentation, Measures
from pneumonia.inference.predictor import Predictor
from pneumonia.inference.preprocessor import new_preprocessor
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.utils.processes import Cached, PerProcess
from pneumonia.weights.folder import WEIGHTS_FOLDER, read_bundle
from tests.fixtures.tiny import SIZE, tiny_radiograph, tiny_variant

pytestmark = pytest.mark.usefixtures("any_picture")


@pytest.fixture(scope="module")
def picture():
    return tiny_radiograph(np.random.default_rng(1), diseased=True, side=200)


def test_a_reading_is_complete_and_plain_json(tiny_predictor, picture):
    prediction = tiny_predictor.predict(picture)
    assert prediction.status == "read" and prediction.finding in ("NORMAL", "PNEUMONIA", "UNCERTAIN")
    assert prediction.probability == pytest.approx(1 / (1 + math.exp(-prediction.logit / 2.0)))
    assert prediction.threshold == 0.5 and prediction.operating_point == "balanced"
    values = json.loads(json.dumps(prediction.to_dict()))
    assert values["probability"] == prediction.probability
    assert "heatmap" not in values and "path" not in values and "not a medical device" in values["notice"]


def test_every_kind_of_source_gives_the_same_logit(tiny_predictor, picture, tmp_path):
    path = tmp_path / "no extension"
    encoded = cv2.imencode(".png", picture)[1].tobytes()
    path.write_bytes(encoded)
    sources = [picture, np.repeat(picture[..., None], 3, axis=2), Image.fromarray(picture), encoded, path, str(path)]
    sources += [picture.astype(np.uint16) * 257, decode(path)]
    logits = [tiny_predictor.predict(source).logit for source in sources]
    assert logits == pytest.approx([logits[0]] * len(sources), abs=1e-4)


def test_heatmap_follows_the_geometry_of_the_image(tiny_predictor, picture):
    prediction = tiny_predictor.predict(picture)
    assert prediction.heatmap.shape == (4, 4) and prediction.heatmap.dtype == np.float32
    assert prediction.heatmap_on(np.zeros((30, 50))).shape == (30, 50)
    assert prediction.heatmap_on(Image.new("L", (50, 30))).shape == (30, 50)
    same = prediction.heatmap_on(np.zeros((4, 4)))
    np.testing.assert_allclose(same, prediction.heatmap, atol=1e-6)


@pytest.fixture(scope="module")
def hull_predictor(tiny_weights):
    """The tiny network, shown the lungs alone."""
    bundle = read_bundle(tiny_weights)
    record = asdict(new_preprocessor(tiny_variant(field="hull")).record)
    return Predictor.from_bundle(replace(bundle, config={**bundle.config, "preprocessing": record}))


def test_a_network_of_the_lungs_maps_nothing_else(hull_predictor, data_dir):
    path = next((data_dir / "chest_xray" / "train" / "NORMAL").iterdir())
    prediction = hull_predictor.predict(path)
    assert [check.status for check in prediction.checks if check.name == "lungs"] == ["ok"]
    left, top, right, bottom = prediction.field_of_view
    assert 0.1 < (right - left) * (bottom - top) < 0.95
    drawn = prediction.heatmap_on(np.zeros((200, 200)))
    assert drawn.any() and not drawn[: int(top * 200)].any() and not drawn[:, : int(left * 200)].any()


def test_a_network_of_the_lungs_is_shown_everything_when_it_found_none(hull_predictor):
    prediction = hull_predictor.predict(np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8))
    assert prediction.to_dict()["field_of_view"] == {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}


# === The lungs at work ===

CHEST = WEIGHTS_FOLDER.parent / "demo" / "examples" / "synthetic-normal-1.png"


def with_evidence(predictor, heatmap, monkeypatch):
    """The same predictor, whose network gives this map."""
    heatmap = np.array(heatmap, np.float32)
    monkeypatch.setattr(predictor.engine, "run", lambda image: (1.0, heatmap))
    return predictor


def named(prediction, name):
    return [(check.status, check.message) for check in prediction.checks if check.name == name]


@pytest.fixture
def two_lungs(monkeypatch):
    """In every image two lungs are found, of two pixels each on a grid of four by four."""
    mask = np.zeros((4, 4), np.float32)
    mask[1:3, 0] = mask[1:3, 3] = 1.0
    lungs = LungSegmentation(mask, 0.5, Measures(0.25, 1.0, 1.0, True), found=True)
    monkeypatch.setattr(LungFields, "segment", lambda *_: lungs)
    return lungs


def test_every_reading_says_how_much_of_its_evidence_lies_in_the_lungs(tiny_predictor, picture, two_lungs, monkeypatch):
    heatmap = np.full((4, 4), -1.0)
    heatmap[1, 0], heatmap[2, 1] = 6.0, 2.0
    prediction = with_evidence(tiny_predictor, heatmap, monkeypatch).predict(picture)
    assert prediction.lungs is two_lungs and prediction.lung_area == 0.25
    assert prediction.in_lung_share == pytest.approx(6 / 8)
    assert prediction.to_dict()["in_lung_share"] == prediction.in_lung_share
    assert "lungs" not in prediction.to_dict() and prediction.peak == (0.125, 0.375)
    assert named(prediction, "lungs") == named(prediction, "evidence") == []


def test_evidence_outside_the_lungs_is_warned_of_where_there_is_enough_to_matter(
    tiny_predictor, picture, two_lungs, monkeypatch
):
    # A quarter inside, worth 17.6 / 16 logits; then less than one logit in all; then less than is worth a share.
    for size, share, warned in ((17.6, 0.25, 1), (15.8, 0.25, 0), (1.5, None, 0)):
        heatmap = np.zeros((4, 4))
        heatmap[1, 0], heatmap[0, 1] = size / 4, 3 * size / 4
        prediction = with_evidence(tiny_predictor, heatmap, monkeypatch).predict(picture)
        assert prediction.in_lung_share == (share and pytest.approx(share))
        assert [status for status, _ in named(prediction, "evidence")] == ["warn"] * warned
    heatmap[1, 0], heatmap[0, 1] = 10.0, 10.0
    assert not named(with_evidence(tiny_predictor, heatmap, monkeypatch).predict(picture), "evidence")


def test_share_in_a_field_of_view_counts_the_lungs_within_it(hull_predictor, picture, two_lungs, monkeypatch):
    prediction = with_evidence(hull_predictor, np.ones((2, 2)), monkeypatch).predict(picture)
    left, top, right, bottom = prediction.field_of_view
    # The hull runs through the centres of the lungs' pixels and is widened by 0.04.
    assert (left, top, right, bottom) == pytest.approx((0.085, 0.335, 0.915, 0.665), abs=0.002)
    # Rounded to the grid of the lungs, that is its middle rows: half lung.
    assert prediction.in_lung_share == prediction.lung_area == 0.5


@pytest.mark.parametrize("shown", ["tiny_predictor", "hull_predictor"])
def test_an_image_without_lungs_is_read_with_a_true_warning(shown, request):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)
    prediction = request.getfixturevalue(shown).predict(noise)
    assert prediction.status == "read"
    assert prediction.lungs is prediction.in_lung_share is prediction.lung_area is None
    ((status, message),) = named(prediction, "lungs")
    assert status == "warn" and message.startswith("No two lung fields were found")
    # The tiny network is always shown the whole image, so nothing followed from it.
    assert ("whole image" in message) == (shown == "hull_predictor")


def test_without_lung_fields_whole_images_are_read_and_others_refused(tiny_weights, picture, tmp_path, monkeypatch):
    bundle = read_bundle(tiny_weights)
    needy = {**bundle.config, "preprocessing": asdict(new_preprocessor(tiny_variant(field="hull")).record)}
    damaged = tmp_path / "damaged"
    shutil.copytree(lung_segmentation.LUNG_FIELDS_FOLDER, damaged)
    (damaged / "model.tflite").write_bytes(b"damaged")
    for folder in (tmp_path / "nowhere", damaged):
        monkeypatch.setattr(lung_segmentation, "LUNG_FIELDS_FOLDER", folder)
        prediction = Predictor.from_bundle(bundle).predict(picture)
        assert prediction.status == "read" and prediction.lungs is prediction.in_lung_share is None
        ((status, message),) = named(prediction, "lungs")
        assert status == "warn" and "not looked for" in message
        with pytest.raises(WeightsError):
            Predictor.from_bundle(replace(bundle, config=needy))


def test_variants_share_one_case(tiny_predictor, hull_predictor, monkeypatch):
    calls = []
    segment = LungFields.segment
    monkeypatch.setattr(LungFields, "segment", lambda *given: calls.append("segment") or segment(*given))
    case = SharedAnalysis(decode(CHEST))
    first, second = (predictor.predict(case) for predictor in (tiny_predictor, hull_predictor))
    assert calls == ["segment"] and first.lungs is second.lungs and first.lungs.found
    assert first == tiny_predictor.predict(CHEST) and second == hull_predictor.predict(CHEST)
    assert second.field_of_view != first.field_of_view


def test_lung_fields_are_loaded_once_however_many_ask(monkeypatch, tmp_path):
    loads = []
    monkeypatch.setattr(lung_segmentation, "LUNG_FIELDS_FOLDER", tmp_path)
    monkeypatch.setattr(lung_segmentation, "read_lung_fields", Cached(lambda folder: loads.append(folder) or object()))
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: lung_segmentation.load_lung_fields(), range(8)))) == 1
    assert loads == [tmp_path]


def test_a_bad_image_is_rejected_with_a_sentence(tiny_predictor):
    prediction = tiny_predictor.predict(b"%PDF-1.7")
    assert prediction.status == "rejected" and prediction.error
    assert prediction.finding is prediction.probability is prediction.heatmap is None
    assert prediction.checks[0].status == "reject"
    with pytest.raises(ValueError, match="no heatmap"):
        prediction.heatmap_on(np.zeros((4, 4)))


def test_judging_at_another_point_needs_no_second_pass(tiny_predictor, picture):
    first = tiny_predictor.predict(picture, "screening")
    for name, point in tiny_predictor.operating_points.items():
        moved = first.with_calibration(tiny_predictor.calibration, point)
        assert moved == tiny_predictor.predict(picture, name)
        assert moved.logit == first.logit and moved.heatmap is first.heatmap


def test_many_keeps_the_order_and_survives_bad_files(tiny_predictor):
    rng = np.random.default_rng(0)
    pictures = [tiny_radiograph(rng, diseased=i % 2 == 0) for i in range(12)]
    sources = [*pictures[:5], b"no image", *pictures[5:]]
    readings = list(tiny_predictor.predict_many(iter(sources)))
    assert [reading.status for reading in readings] == ["read"] * 5 + ["rejected"] + ["read"] * 7
    expected = [tiny_predictor.predict(source).logit for source in sources]
    assert [reading.logit for reading in readings] == expected


def test_a_stream_takes_functions_that_decode_and_do_something_else_with_what_they_decoded(tiny_predictor, tmp_path):
    good, bad, seen = tmp_path / "good.png", tmp_path / "bad.png", []
    Image.fromarray(tiny_radiograph(np.random.default_rng(0), diseased=True)).save(good)
    bad.write_bytes(b"%PDF-1.7 a letter")

    def opener(path):
        def open_image():
            case = SharedAnalysis(decode(path))
            seen.append(case.radiograph.sha256)
            return case

        return open_image

    first, refused, last = tiny_predictor.predict_many(map(opener, (good, bad, good)))
    assert first == last == tiny_predictor.predict(good) and seen == [first.image_sha256] * 2
    assert refused.status == "rejected" and "PDF" in refused.error


def test_many_hands_no_image_from_one_core_to_another(tiny_predictor, picture, monkeypatch):
    """One image alone is shared by two cores; of many, each has one."""
    submitted = []

    class Watched(ThreadPoolExecutor):
        def submit(self, *arguments):
            submitted.append(arguments)
            return super().submit(*arguments)

    monkeypatch.setattr(shared_analysis, "_POOL", PerProcess(lambda: Watched(1)))
    monkeypatch.setattr("pneumonia.inference.predictor.cores", lambda: 2)
    alone = tiny_predictor.predict(picture)
    assert len(submitted) == 2  # the picture to be judged, and the lungs to be looked for
    assert list(tiny_predictor.predict_many([picture] * 4)) == [alone] * 4
    assert len(submitted) == 2


def test_many_takes_sources_only_as_needed(tiny_predictor, picture):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield picture

    stream = tiny_predictor.predict_many(endless())
    assert isinstance(next(stream), Prediction)
    assert taken < 50
    stream.close()


def test_threads_get_the_same_bits_as_one_after_the_other(tiny_predictor):
    rng = np.random.default_rng(0)
    pictures = [tiny_radiograph(rng, diseased=i % 2 == 0) for i in range(8)] * 4
    serial = [tiny_predictor.predict(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(tiny_predictor.predict, pictures))
    assert [p.logit for p in parallel] == [p.logit for p in serial]
    for one, other in zip(parallel, serial, strict=True):
        np.testing.assert_array_equal(one.heatmap, other.heatmap)


def test_unknown_names_are_told(tiny_predictor, picture):
    with pytest.raises(UnknownNameError, match="screening, balanced, rule-in"):
        tiny_predictor.predict(picture, "certain")
    with pytest.raises(UnknownNameError, match="mobilenetv2-finetuned"):
        load_predictor("mobilenetv3")
    assert len(list_variants()) == 6


def test_weights_of_another_program_version_are_refused(tiny_weights):
    bundle = read_bundle(tiny_weights)
    larger = {**bundle.config["preprocessing"], "size": 2 * SIZE}
    with pytest.raises(WeightsError, match=f"{2 * SIZE} x {2 * SIZE} pixels"):
        Predictor.from_bundle(replace(bundle, config={**bundle.config, "preprocessing": larger}))
    for change in ({"preprocessing": {"side": 3}}, {"operating_points": {"balanced": {"threshold": 0.5}}}):
        with pytest.raises(WeightsError, match="does not fit"):
            Predictor.from_bundle(replace(bundle, config={**bundle.config, **change}))


def test_a_picture_that_is_none_is_refused_though_networks_read_it_meanwhile(tiny_predictor):
    blank = np.full((300, 300), 7, np.uint8)
    alone, (first, second) = tiny_predictor.predict(blank), tiny_predictor.predict_many([blank] * 2)
    assert alone == first == second and alone.status == "rejected" and "blank" in alone.error
    with pytest.raises(UnsupportedImageError, match="blank"):
        tiny_predictor.measure_support(blank)


@pytest.mark.parametrize("level", [None, 7], ids=["read", "refused"])
def test_no_image_stays_in_memory_when_it_was_read(tiny_predictor, picture, level, monkeypatch):
    seen = []
    init = SharedAnalysis.__init__

    def watched(case, radiograph):
        init(case, radiograph)
        seen.append(weakref.ref(case))

    monkeypatch.setattr(SharedAnalysis, "__init__", watched)
    given = picture if level is None else np.full((300, 300), level, np.uint8)
    gc.collect()
    gc.disable()
    try:
        tiny_predictor.predict(given)
        list(tiny_predictor.predict_many([given] * 2))
        assert len(seen) == 3 and not any(case() for case in seen)
    finally:
        gc.enable()
