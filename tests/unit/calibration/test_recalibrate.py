"""A calibration to a site: recovered where the truth is known, held where little is, refused where it misleads."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from pneumonia.calibration.fit import fit_calibration, thresholds_by_rule
from pneumonia.calibration.platt import LEAST_SLOPE, fit_platt
from pneumonia.calibration.recalibrate import recalibrate
from pneumonia.calibration.site import SiteCalibration
from pneumonia.calibration.site_store import load_site_calibration, save_site, saved_sites
from pneumonia.core.operating_points import OPERATING_POINTS, Interval
from pneumonia.errors import CalibrationError, DataError
from pneumonia.inference.predictor import Predictor, load_predictor
from pneumonia.metrics.intervals import auroc_interval, share_interval
from pneumonia.metrics.scores import Scores
from pneumonia.variants.registry import PUBLISHED
from scripts.studies.reliability.synthetic_images import radiograph
from tests.fixtures.fakes import FakePredictor

TODAY = date(2026, 11, 21)
VARIANT = "custom-cnn"


def site_scores(
    images: int, slope: float = 1.0, shift: float = 0.0, seed: int = 0, patients: int | None = None
) -> Scores:
    """Log-odds whose true probability is `expit(slope * log-odds + shift)`, a patient each unless said otherwise."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 2.5, images)
    labels = (rng.random(images) < expit(slope * log_odds + shift)).astype(np.float32)
    return Scores(log_odds, labels, np.arange(images) % (patients or images))


def by_chance(images: int = 100) -> Scores:
    """Scores that have nothing to do with the labels."""
    scores = site_scores(images)
    return Scores(scores.logits, np.random.default_rng(9).permutation(scores.labels), scores.patients)


@pytest.fixture(scope="module")
def site() -> SiteCalibration:
    """Fitted where the network as published is confident far beyond what it knows."""
    return recalibrate(FakePredictor(VARIANT).calibration, site_scores(200, 0.4, -1.5), "my-hospital", TODAY)


# === Fitting ===


def test_a_known_slope_and_shift_are_recovered_from_many_images():
    scores = site_scores(20_000, 0.6, -1.5)
    ((slope, shift),) = fit_platt(scores.logits, scores.labels, np.ones((1, 20_000)))
    assert slope == pytest.approx(0.6, abs=0.03) and shift == pytest.approx(-1.5, abs=0.06)
    # The fit at training has no priors, and so many images outweigh them.
    temperature, offset = fit_calibration(scores.logits, scores.labels)
    assert slope == pytest.approx(1 / temperature, abs=0.005) and shift == pytest.approx(offset / temperature, abs=0.01)


def test_a_weight_of_two_is_an_image_twice_and_of_zero_none():
    scores = site_scores(40, 0.7, 0.5)
    weights = np.tile([0.0, 1.0, 2.0, 1.0], 10)
    drawn = np.repeat(np.arange(40), weights.astype(int))
    weighted = fit_platt(scores.logits, scores.labels, weights[None])
    repeated = fit_platt(scores.logits[drawn], scores.labels[drawn], np.ones((1, len(drawn))))
    np.testing.assert_allclose(weighted, repeated, atol=1e-8)


def test_at_the_lowest_point_no_neighbour_is_lower():
    scores = site_scores(30, 0.3, 2.0, seed=3)

    def loss(slope: float, shift: float) -> float:
        probabilities = expit(slope * scores.logits + shift)
        likelihood = np.where(scores.labels == 1, probabilities, 1 - probabilities)
        return -np.log(likelihood).sum() + ((slope - 1) / 0.5) ** 2 / 2 + (shift / 2.0) ** 2 / 2

    ((slope, shift),) = fit_platt(scores.logits, scores.labels, np.ones((1, 30)))
    neighbours = [loss(slope + x, shift + y) for x in (-1e-3, 0, 1e-3) for y in (-1e-3, 0, 1e-3) if x or y]
    assert loss(slope, shift) < min(neighbours)


def test_images_that_say_nothing_leave_the_calibration_as_shipped():
    # One pneumonia and one normal at log-odds 0: any slope fits, and only a shift of 0.
    ((slope, shift),) = fit_platt(np.zeros(2), np.array([0.0, 1.0]), np.ones((1, 2)))
    assert slope == pytest.approx(1) and shift == pytest.approx(0, abs=1e-9)


def test_few_images_cannot_run_away_where_a_fit_without_priors_does():
    labels = np.repeat([0.0, 1.0], 15)
    apart = np.where(labels == 1, 1.0, -1.0) + np.linspace(-0.1, 0.1, 30)
    ((slope, shift),) = fit_platt(apart, labels, np.ones((1, 30)))
    assert 1 / fit_calibration(apart, labels)[0] > 10
    assert 1 < slope < 2.5 and abs(shift) < 0.1


def test_the_order_of_the_scores_is_never_turned_round():
    scores = site_scores(200, -1.0, 0.7)
    ((slope, shift),) = fit_platt(scores.logits, scores.labels, np.ones((1, 200)))
    assert slope == LEAST_SLOPE
    # With the slope held, probabilities are right on average, but for the prior.
    assert expit(slope * scores.logits + shift).mean() == pytest.approx(scores.labels.mean(), abs=0.01)


def test_far_off_sites_are_fitted_too():
    """Where all are called pneumonia with certainty, a plain step of Newton's method would jump far away."""
    scores = site_scores(200, 0.05, -3.0)
    fits = fit_platt(scores.logits + 40, scores.labels, np.ones((2, 200)))
    assert np.isfinite(fits).all() and (fits[0] == fits[1]).all()
    assert expit(fits[0, 0] * (scores.logits + 40) + fits[0, 1]).mean() < 0.3


# === Intervals ===


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_priors_have_room_for_what_corruptions_ask_for(variant):
    """The figures beside `platt._SPREADS`."""
    predictor = load_predictor(variant)
    corrupted = {name: figures for name, figures in predictor.metrics["sets"].items() if name.startswith("validation-")}
    assert len(corrupted) == 8
    for figures in corrupted.values():
        scores = Scores.from_dict(figures["scores"])
        published = (scores.logits + predictor.calibration.offset) / predictor.calibration.temperature
        free = LogisticRegression(C=np.inf).fit(published[:, None], scores.labels)
        assert 0.94 < free.coef_[0, 0] < 1.27 and abs(free.intercept_[0]) < 1.3


def test_all_of_fifteen_is_not_certain():
    # The exact interval of n of n ends at the n-th root of the tail: 0.025 ** (1 / 15).
    assert share_interval(1.0, 15).low == pytest.approx(0.025 ** (1 / 15))
    assert share_interval(1.0, 15).high == 1 and share_interval(0.0, 15).high == pytest.approx(1 - 0.025 ** (1 / 15))
    # Of 10 and 5, as in tables of Clopper and Pearson.
    half = share_interval(0.5, 10)
    assert (half.low, half.high) == (pytest.approx(0.187, abs=5e-4), pytest.approx(0.813, abs=5e-4))


def test_a_perfect_auroc_of_few_is_not_certain():
    perfect, half = auroc_interval(1.0, 15, 15), auroc_interval(0.5, 15, 15)
    assert perfect.high == 1 and 0.8 < perfect.low < 0.95
    assert half.low == pytest.approx(1 - half.high) and half.low > 0.2
    assert auroc_interval(1.0, 200, 200).low > 0.98
    assert auroc_interval(0.0, 15, 15).high == pytest.approx(1 - perfect.low)


def test_the_auroc_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = 0.9214  # of two normal distributions with means 2 standard deviations apart
    held = 0
    for _ in range(400):
        normal, diseased = rng.normal(0, 1, 20), rng.normal(2, 1, 20)
        interval = auroc_interval(float((diseased[:, None] > normal).mean()), 20, 20)
        held += interval.low <= truth <= interval.high
    assert 0.92 <= held / 400 <= 0.99


# === A site ===


def test_an_overconfident_network_is_mended(site):
    assert site.usable and site.helps and "makes its probabilities better here" in site.advice
    assert site.temperature.low <= 2.5 <= site.temperature.high, "1 / 0.4"
    assert site.offset.low <= -1.5 / 0.4 <= site.offset.high
    assert site.after.ece.value < site.before.ece.value / 2
    assert (site.images, site.patients) == (200, 200) and 0 < site.positives < 200


def test_thresholds_follow_the_rules_of_training(site):
    scores = site_scores(200, 0.4, -1.5)
    for name, threshold in thresholds_by_rule(scores.logits, scores.labels).items():
        point = site.operating_points[name]
        at = logit(point.threshold) * site.temperature.value - site.offset.value
        assert at == pytest.approx(threshold) and point.low <= point.threshold <= point.high
        measured = site.after.points[name].threshold
        assert measured.low <= measured.value <= measured.high
        assert point.sensitivity == site.after.points[name].sensitivity


def test_no_image_is_judged_by_what_was_fitted_to_its_patient():
    """The threshold of rule-in lies at the highest normals: all but those in it are below, so they call themselves."""
    rng = np.random.default_rng(1)
    labels = np.repeat([0.0, 1.0], 20)
    logits = np.concatenate([rng.normal(-2, 1, 20), rng.normal(2, 1, 20)])
    logits[0] = 9.0
    scores = Scores(logits, labels, np.arange(40))
    left_out = recalibrate(FakePredictor(VARIANT).calibration, scores, "here", TODAY)
    # Judged by a threshold that it had fixed itself, the odd one out would be below it, or just at it.
    assert left_out.after.points["rule-in"].specificity.value == pytest.approx(0.95)
    assert thresholds_by_rule(logits, labels)["rule-in"] > 7
    # Were its patient's other images allowed to fix the threshold, it would be judged by itself again.
    together = Scores(np.append(logits, 9.0), np.append(labels, 0.0), np.append(np.arange(40), 0))
    figures = recalibrate(FakePredictor(VARIANT).calibration, together, "here", TODAY).after
    assert figures.points["rule-in"].specificity.value == pytest.approx(19 / 21)


def test_images_of_one_patient_widen_the_intervals():
    one_each = recalibrate(FakePredictor(VARIANT).calibration, site_scores(120, 0.6), "here", TODAY)
    six_each = recalibrate(FakePredictor(VARIANT).calibration, site_scores(120, 0.6, patients=20), "here", TODAY)
    assert six_each.patients == 20 and one_each.auroc.value == six_each.auroc.value
    assert six_each.auroc.low < one_each.auroc.low
    assert six_each.before.points["balanced"].accuracy.low < one_each.before.points["balanced"].accuracy.low


def test_a_network_at_chance_is_never_kept(tmp_path):
    site = recalibrate(FakePredictor(VARIANT).calibration, by_chance(), "elsewhere", TODAY)
    assert not site.usable and not site.helps
    assert "not shown to tell the two apart" in site.advice and "Do not rely on this network" in site.advice
    with pytest.raises(CalibrationError, match="mend"):
        save_site(site, tmp_path)
    with pytest.raises(CalibrationError, match="mend"):
        FakePredictor(VARIANT).recalibrated(site)
    assert not list(tmp_path.iterdir())
    (tmp_path / "smuggled.json").write_bytes(site.to_bytes())
    with pytest.raises(CalibrationError, match="mend"):
        load_site_calibration(str(tmp_path / "smuggled.json"), VARIANT)


def test_a_site_like_home_is_told_that_nothing_is_gained():
    site = recalibrate(FakePredictor(VARIANT).calibration, site_scores(100), "like-home", TODAY)
    assert site.usable and not site.helps and "Stay with the calibration as published" in site.advice
    lost = replace(site, gain=Interval(-0.031, -0.052, -0.012)).advice
    assert "makes its probabilities worse here: their squared error rises by 0.031 (0.012 to 0.052)" in lost
    assert "chance" not in lost


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (site_scores(29), "18 NORMAL .* 11 PNEUMONIA"),
        (site_scores(60, 1.0, -9.0), "0 PNEUMONIA of 0 patients"),
        (site_scores(60, patients=3), "of 3 patients"),
    ],
)
def test_too_few_images_or_patients_are_refused(scores, said):
    with pytest.raises(DataError, match=said):
        recalibrate(FakePredictor(VARIANT).calibration, scores, "here", TODAY)


@pytest.mark.parametrize("name", ["", "My Hospital", "a/b", "..", "a--b", "-a", "a-", "x" * 41, "hôpital", "a\n"])
def test_a_name_that_is_no_safe_file_name_is_refused(name):
    with pytest.raises(CalibrationError, match="my-hospital"):
        recalibrate(FakePredictor(VARIANT).calibration, site_scores(60), name, TODAY)


# === Files ===


def test_a_saved_calibration_is_found_by_its_name_and_is_the_same(site, tmp_path):
    path = save_site(site, tmp_path)
    assert path == tmp_path / VARIANT / "2026-11-21-my-hospital.json"
    for asked in ("my-hospital", "2026-11-21-my-hospital", str(path)):
        assert load_site_calibration(asked, VARIANT, tmp_path) == site
    assert saved_sites(VARIANT, site.weights_sha256, tmp_path) == [site]
    with pytest.raises(CalibrationError, match="already"):
        save_site(site, tmp_path)


def test_the_newest_of_a_name_is_taken(tmp_path):
    for day in (3, 20, 21):
        save_site(
            recalibrate(FakePredictor(VARIANT).calibration, site_scores(60), "here", date(2026, 11, day)), tmp_path
        )
    assert load_site_calibration("here", VARIANT, tmp_path).date == "2026-11-21"
    assert load_site_calibration("2026-11-03-here", VARIANT, tmp_path).date == "2026-11-03"
    saved = saved_sites(VARIANT, FakePredictor(VARIANT).weights_sha256, tmp_path)
    assert [site.date[-2:] for site in saved] == ["03", "20", "21"]
    assert saved_sites(VARIANT, "other weights", tmp_path) == []


def test_what_is_not_there_or_not_ours_is_refused(site, tmp_path):
    with pytest.raises(CalibrationError, match="'there' for custom-cnn"):
        load_site_calibration("there", VARIANT, tmp_path)
    with pytest.raises(CalibrationError, match=r"gone\.json"):
        load_site_calibration(str(tmp_path / "gone.json"), VARIANT)
    path = save_site(site, tmp_path)
    whole = json.loads(path.read_text())
    broken = [
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        *(json.dumps(whole | change).encode() for change in _DAMAGES),
        json.dumps({key: value for key, value in whole.items() if key != "gain"}).encode(),
        *_with_other_ends(whole),
    ]
    for contents in broken:
        path.write_bytes(contents)
        with pytest.raises(CalibrationError):
            load_site_calibration(str(path), VARIANT)
        assert saved_sites(VARIANT, site.weights_sha256, tmp_path) == []


def _with_other_ends(whole: dict) -> Iterator[bytes]:
    """Its file, with one end of an interval that is no number."""
    points = whole["after"]["points"]["balanced"], whole["before"]["points"]["rule-in"]
    for interval in (whole["gain"], whole["before"]["ece"], *(point["specificity"] for point in points)):
        for key, kept in list(interval.items()):
            for wrong in ("0.1", None, True, [0.1], float("inf"), 10**400):
                interval[key] = wrong
                yield json.dumps(whole).encode()
            interval[key] = kept


_DAMAGES = (
    {"patients": "all"},
    {"temperature": {"value": 0, "low": 0, "high": 0}},
    {"temperature": {"value": "1", "low": 0, "high": 0}},
    {"offset": {"value": float("nan"), "low": 0, "high": 0}},
    {"date": "yesterday"},
    {"name": "../../etc"},
    {"unknown": 1},
    {"positives": 0},
    {"scores": {"labels": "0 1", "logits": "0 1", "patients": "0 1"}},
    {"scores": {"labels": "0 1", "logits": "zero one", "patients": "0 1"}},
    {"scores": {}},
    {"after": {"ece": {"value": 0, "low": 0, "high": 0}, "brier": {"value": 0, "low": 0, "high": 0}, "points": {}}},
)


def test_calibrations_to_sites_are_never_committed_by_accident():
    ignored = (Path(__file__).parents[3] / ".gitignore").read_text().splitlines()
    assert "/weights/sites/" in ignored


def test_a_folder_that_cannot_be_written_to_is_said(site, tmp_path):
    (tmp_path / VARIANT).write_text("a file where the folder would be")
    with pytest.raises(CalibrationError, match="--output"):
        save_site(site, tmp_path)


# === Using it ===


def test_a_recalibrated_predictor_shares_the_network_and_says_so(tiny_predictor: Predictor):
    scores = site_scores(100, 0.5, -1.0)
    site = recalibrate(
        tiny_predictor.calibration,
        Scores(scores.logits * tiny_predictor.calibration.temperature, scores.labels, scores.patients),
        "here",
        TODAY,
    )
    there = tiny_predictor.recalibrated(site)
    plain, judged = tiny_predictor.predict(radiograph()), there.predict(radiograph())
    assert judged.logit == plain.logit
    expected = expit((plain.logit + site.offset.value) / site.temperature.value)
    assert judged.probability == pytest.approx(expected) and judged.probability != pytest.approx(plain.probability)
    assert judged.threshold == site.after.points["balanced"].threshold.value
    assert judged.to_dict()["calibration"] == {"name": "here", "date": "2026-11-21"}
    assert plain.calibration is None and plain.to_dict()["calibration"] is None
    assert plain.with_calibration(there.calibration, there.operating_points["balanced"]) == judged
    assert judged.with_calibration(tiny_predictor.calibration, tiny_predictor.operating_points["balanced"]) == plain
    assert there.predict(b"no image").calibration is site and tiny_predictor.recalibrated(None) is tiny_predictor
    assert (
        there.predict(b"no image").with_calibration(there.calibration, there.operating_points["rule-in"]).probability
        is None
    )


def test_a_calibration_of_other_weights_is_refused(site, tiny_predictor):
    with pytest.raises(CalibrationError, match="other weights"):
        tiny_predictor.recalibrated(site)
    with pytest.raises(CalibrationError, match="other weights"):
        FakePredictor("mobilenetv2-frozen").recalibrated(site)


def test_operating_points_keep_their_order(site):
    assert list(site.operating_points) == list(OPERATING_POINTS)
    thresholds = [point.threshold for point in site.operating_points.values()]
    assert thresholds == sorted(thresholds)
