"""From measures of single images to figures, by hand; and the whole command on a tiny data set."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pneumonia.data.manifest import Record, fingerprint, read_training_folder
from pneumonia.data.splits import split_by_patient, validation_records
from pneumonia.errors import DataError, MissingExtraError
from pneumonia.inference.input_transform import Preprocessing, View
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.weights.folder import read_bundle, write_bundle
from scripts import ROOT
from scripts.studies import study
from scripts.studies.heatmaps import measurement
from scripts.studies.heatmaps.__main__ import STUDY
from scripts.studies.heatmaps.cases import SERVED, MeasuredCase, chosen, convex_hull, load_cases, measure
from scripts.studies.heatmaps.figures import clearly_better, figures, map_figures, mean_interval
from scripts.studies.study import FIGURES
from tests.fixtures.tiny import SIZE, write_tiny_data


def case(number, label=1, drawn=True):
    record = Record(Path(f"{number}.png"), label, f"patient {number}", "00" * 32)
    return MeasuredCase(record, np.zeros((8, 8), np.float32), np.ones((8, 8), bool), drawn)


def interval(low, high, n=10):
    return {"low": low, "high": high, "n": n}


def scores(deletion, insertion, in_lungs):
    return {"deletion": np.array(deletion), "insertion": np.array(insertion), "in_lungs": in_lungs}


def test_a_mean_leaves_out_what_is_not_there():
    assert mean_interval([1.0, None, 4.0], [case(i) for i in range(3)]) == {
        "value": 2.5,
        "low": 1.0,
        "high": 4.0,
        "n": 2,
    }
    assert mean_interval([None], [case(0)]) is None


def test_scores_of_maps_by_hand():
    """The other map is on the second image only; there its deletion is 1 smaller, its insertion 2 greater."""
    rows = [
        {SERVED: scores([4.0, 2.0, 0.0], [0.0, 4.0, 4.0], 0.5)},
        {
            SERVED: scores([4.0, 4.0, 4.0], [0.0, 0.0, 0.0], 0.7),
            "other": scores([4.0, 2.0, 4.0], [0.0, 4.0, 0.0], None),
        },
    ]
    result = map_figures([case(0), case(1)], rows, temperature=2.0)
    served, other = result[SERVED], result["other"]
    assert (served["deletion"]["value"], served["insertion"]["value"], served["deletion"]["n"]) == (3.0, 1.5, 2)
    assert served["in_lungs"]["value"] == pytest.approx(0.6) and "minus_served" not in served
    assert other["deletion"]["value"] == 3.0 and other["in_lungs"] is None
    assert (served["gap"]["value"], other["gap"]["value"], other["minus_served"]["gap"]["value"]) == (-1.5, -1.0, 3.0)
    sigmoid = 1 / (1 + np.exp(-np.array([4.0, 2.0]) / 2.0))
    assert other["deletion_probability"]["value"] == pytest.approx(sigmoid.mean())


@pytest.mark.parametrize(
    ("gap", "in_lungs", "expected"),
    [
        ((1, 2), (-0.1, 0.1), True),
        ((1, 2), None, True),
        ((-0.1, 2), (0, 1), False),
        ((1, 2), (-0.2, -0.1), False),
        ((1, 2, 9), (0, 1), False),
    ],
)
def test_what_beats_the_served_map(gap, in_lungs, expected):
    assert clearly_better(interval(*gap), in_lungs and interval(*in_lungs)) is expected


def test_the_hull_fills_what_lies_between():
    inside = np.zeros((5, 7), bool)
    inside[1:4, 1] = inside[1:4, 5] = True
    expected = np.zeros((5, 7), bool)
    expected[1:4, 1:6] = True
    np.testing.assert_array_equal(convex_hull(inside), expected)
    assert not convex_hull(np.zeros((5, 7), bool)).any()


def test_images_with_lungs_drawn_by_hand_come_first():
    records = [case(i).record for i in range(10)]
    kept = chosen(records, dict.fromkeys(("3", "7")), 4)
    assert {record.path.stem for record in kept[:2]} == {"3", "7"} and len(set(kept)) == 4
    assert kept == chosen(records, dict.fromkeys(("3", "7")), 4)


def test_lungs_follow_the_part_that_the_network_is_shown(tmp_path, monkeypatch):
    write_tiny_data(tmp_path, patients=1)
    records = read_training_folder(tmp_path).records
    preprocessor = Preprocessor(Preprocessing(SIZE))
    left = np.zeros((32, 32), np.float32)
    left[:, :16] = 1.0
    box = Preprocessing().view(None).box._replace(left=0.25, right=0.75)
    monkeypatch.setattr(preprocessor, "locate", lambda square: View(box))
    drawn = {record.path.stem: left for record in records}
    for found in load_cases(records, drawn, preprocessor, load_lung_fields()):
        assert found.drawn and found.lungs[:, : SIZE // 2 - 2].all() and not found.lungs[:, SIZE // 2 + 2 :].any()


def test_the_measures_of_one_image(tiny_predictor, tiny_weights):
    """What is blurred moves the logit by what the network then says; a map that is not finite stops everything."""
    from pneumonia.explain.faithfulness import blurred
    from pneumonia.inference.engine import Engine
    from pneumonia.weights.folder import SERVED_MODEL

    bundle = read_bundle(tiny_weights)
    engine = Engine(bundle.contents[SERVED_MODEL])
    image = np.random.default_rng(0).random((SIZE, SIZE), dtype=np.float32)
    lungs = np.zeros((SIZE, SIZE), bool)
    lungs[10:50, 8:28] = lungs[10:50, 36:56] = True
    one = MeasuredCase(case(0).record, image, lungs, True)
    row = measure(engine, one)
    assert row["outside_lungs"] == pytest.approx(engine.run(np.where(lungs, image, blurred(image)))[0] - row["logit"])
    assert row["lungs_area"] == pytest.approx(1600 / SIZE**2) and row["hull_area"] == pytest.approx(1920 / SIZE**2)
    assert set(row["maps"]) == {SERVED, "random", "centre", "edges"}

    class Broken:
        def run(self, image):
            return 9.0, np.full((4, 4), np.nan, np.float32)

    measured = figures(bundle, [one, one], [row, measure(Broken(), one)])
    assert (measured["images"], measured["nan"], measured["blurred"]["outside_lungs"]["by"]["n"]) == (2, 1, 1)


def test_an_empty_map_above_the_threshold_is_counted(tiny_weights):
    bundle = read_bundle(tiny_weights)

    class Empty:
        def __init__(self, logit):
            self._logit = logit

        def run(self, image):
            return self._logit, np.full((4, 4), -1.0, np.float32)

    cases = [case(0, label=0), case(1, label=0)]
    rows = [measure(Empty(logit), one) for logit, one in zip((-3.0, 0.5), cases, strict=True)]
    empty = figures(bundle, cases, rows)["empty"]
    # The balanced threshold of the tiny weights is 0.5, which is a logit of 0.
    assert empty == {"images": 2, "greatest_logit": 0.5, "called_pneumonia": 1, "threshold_logit": 0.0}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, tiny_weights):
    """A tiny data set with masks, and weights that say they were validated on a fifth of it."""
    folder = tmp_path_factory.mktemp("heatmaps")
    write_tiny_data(folder / "data")
    validation = split_by_patient(read_training_folder(folder / "data").records, 0)[1]
    bundle = read_bundle(tiny_weights)
    known = {"training": {"seed": 0}, "data": {"validation": {"fingerprint": fingerprint(validation)}}}
    write_bundle(folder / "weights" / "custom-cnn", bundle.contents, {**bundle.config, **known})
    (folder / "masks").mkdir()
    mask = np.zeros((224, 224), np.uint8)
    mask[40:180, 30:100] = mask[40:180, 124:194] = 255
    for record in validation:
        cv2.imwrite(str(folder / "masks" / f"{record.path.stem}.png"), mask)
    return folder


def test_images_of_the_training_are_refused(prepared, tiny_weights):
    records = read_training_folder(prepared / "data").records
    bundle = read_bundle(prepared / "weights" / "custom-cnn")
    assert 0 < len(validation_records(bundle, records)) < len(records) / 3
    with pytest.raises(DataError, match="validation images"):
        validation_records(bundle, records[1:])
    with pytest.raises(DataError, match="does not say"):
        validation_records(read_bundle(tiny_weights), records)


def run(monkeypatch, folder, *options):
    monkeypatch.setattr(measurement, "WEIGHTS_FOLDER", folder / "weights")
    monkeypatch.setattr(study, "FIGURES", folder)
    arguments = ["--data", folder / "data", "--masks", folder / "masks", "--variants", "custom-cnn", *options]
    return STUDY.main(["measure", "maps", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_writes_figures_that_can_be_rendered_and_pictures(prepared, monkeypatch):
    output, pictures = prepared / "heatmaps" / "maps.json", prepared / "pictures"
    assert run(monkeypatch, prepared, "--compared", 2, "--pictures", pictures) == 0
    result = json.loads(output.read_text())
    measured = result["variants"]["custom-cnn"]
    assert str(prepared) not in output.read_text() and "person" not in output.read_text()
    assert measured["nan"] == 0 and measured["drawn"] == measured["images"] > measured["pneumonias"] > 0
    assert {"Layer-CAM, 8 by 8", "HiResCAM, 8 by 8"} < set(measured["compared"]) and "dilated_logit" not in measured
    assert sum(measured["support"].values()) == 2
    page = STUDY.render({"maps": result, "boxes": json.loads((FIGURES / "heatmaps" / "boxes.json").read_text())})
    assert result["command"] in page and f"{measured['maps']['random']['deletion']['value']:.2f} (" in page
    written = {path.name for path in (pictures / "custom-cnn").iterdir()}
    assert {"best-deletion-1.png", "worst-deletion-1.png", "cases.csv"} <= written


def test_the_report_says_what_was_measured_and_no_map_is_broken():
    result = STUDY.figures()
    assert STUDY.document.read_text() == STUDY.render(result)
    for variant in result["maps"]["variants"].values():
        assert variant["nan"] == 0 and variant["empty"]["called_pneumonia"] == 0


def test_pictures_of_patients_are_not_written_where_they_could_be_committed(prepared, monkeypatch):
    for folder in (ROOT, ROOT / "docs" / "pictures", ROOT / "runs" / ".." / "docs"):
        with pytest.raises(DataError, match="outside of the project"):
            run(monkeypatch, prepared, "--pictures", folder)


def test_missing_libraries_are_named(prepared, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="tf-keras-vis, xplique"):
        run(monkeypatch, prepared, "--peers", 1)
