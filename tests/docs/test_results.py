"""docs/results.md says what the figures say."""

import csv
import importlib.util
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pneumonia.data.manifest import Record
from pneumonia.data.tables import Stated
from pneumonia.errors import DataError
from pneumonia.variants.registry import PUBLISHED
from scripts import ROOT
from scripts.studies import study
from scripts.studies.results import heads, ingredients
from scripts.studies.results.__main__ import STUDY
from scripts.studies.results.trained import summary
from scripts.studies.study import FIGURES
from tests.fixtures.tiny import write_two_hospitals


def test_no_number_in_the_results_is_typed_by_hand():
    assert STUDY.document.read_text() == STUDY.render(STUDY.figures())


def test_every_figure_names_the_command_that_made_it():
    paths = sorted(FIGURES.rglob("*.json"))
    assert len(paths) > 20
    for path in paths:
        _, script, module, *_ = json.loads(path.read_text())["command"].split()
        assert importlib.util.find_spec(module) if script == "-m" else (ROOT / script).is_file()


@pytest.mark.parametrize("variant", PUBLISHED)
def test_a_summary_keeps_the_main_figures(variant):
    folder = ROOT / "weights" / variant
    kept, whole = summary(folder), json.loads((folder / "metrics.json").read_text())["sets"]
    assert kept["sets"].keys() == whole.keys()
    assert kept["sets"]["validation"]["auroc"] == whole["validation"]["auroc"]
    balanced = whole["adults"]["operating_points"]["balanced"]
    assert kept["sets"]["adults"]["sensitivity"] == balanced["sensitivity"]


@pytest.mark.slow
def test_what_a_training_brings_elsewhere_is_measured_without_labels_of_there(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    ward, clinic = map(str, write_two_hospitals(tmp_path))
    folder = ROOT / "weights" / "custom-cnn"
    data = ["--data", ward, clinic, "--populations", "children", "adults"]
    assert STUDY.main(["measure", "transfer", "--weights", str(folder), *data]) == 0
    kept = json.loads((tmp_path / "results" / "transfer-custom-cnn.json").read_text())
    assert 0.9 < kept["to_others"]["adults"]["value"] <= 1  # discs that are bright or not
    # It was trained on children's labels.
    assert kept["phases"] and kept["to_main"] is None
    with pytest.raises(DataError, match="one alone"):
        STUDY.main(["measure", "transfer", "--weights", str(folder), "--data", ward])


def write_read_by_radiologists(clinic: Path) -> Path:
    """A table of a folder's images, of which every fourth was seen by no radiologist, and views take turns."""
    rows = ["file,patient,view,readers,report"]
    for number, path in enumerate(sorted(clinic.glob("*/*"))):
        ill = path.parent.name == "PNEUMONIA"
        readers = "" if number % 4 == 3 else "opacity" if ill else "normal"
        place, view = path.relative_to(clinic).as_posix(), ("PA", "AP")[number % 2]
        rows.append(f"{place},{number},{view},{readers},{'Edema|Pneumonia' if ill else 'No Finding'}")
    table = clinic / "labels.csv"
    table.write_text("\n".join(rows))
    return table


@pytest.mark.slow
def test_probes_are_fitted_to_what_says_nothing_of_the_disease(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    ward, clinic = write_two_hospitals(tmp_path)
    table = write_read_by_radiologists(clinic)
    data = ["--data", str(ward), str(table), "--populations", "children", "adults"]
    assert STUDY.main(["measure", "clues", "--weights", str(ROOT / "weights" / "custom-cnn"), *data]) == 0
    found = json.loads((tmp_path / "results" / "clues-custom-cnn.json").read_text())["clues"]["AP or PA"]
    read = [row for row in csv.DictReader(table.read_text().splitlines()) if row["readers"]]
    opacity, ap = ([row[column] == value for row in read] for column, value in (("readers", "opacity"), ("view", "AP")))
    assert found["label"]["value"] == pytest.approx(roc_auc_score(opacity, ap))
    assert {word: of["n"] for word, of in found["probe"].items()} == Counter(row["readers"] for row in read)
    assert {by: of["n"] for by, of in found["label_by_probe"].items()} == Counter(map(str, ap))


@pytest.mark.slow
def test_choices_about_the_head_are_judged_with_labels_of_reports_too(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    monkeypatch.setattr(heads, "SEEDS", range(1))
    ward, clinic = write_two_hospitals(tmp_path)
    table = write_read_by_radiologists(clinic)
    folder = ROOT / "weights" / "mobilenetv2-frozen"
    data = ["--data", str(ward), str(table), "--populations", "children", "adults"]
    assert STUDY.main(["measure", "heads", "--weights", str(folder), *data]) == 0
    kept = json.loads((tmp_path / "results" / "heads-mobilenetv2-frozen.json").read_text())
    assert kept["mined"] == {"images": 3, "named": 2, "opacity_if_named": 1.0, "opacity_if_not": 0.0}
    assert len(kept["choices"]) == 11
    for figures in kept["choices"].values():
        assert set(figures) == {
            "main",
            "adults",
            "to-adults",
            "adults-pa",
            "to-adults-pa",
            "adults-ap",
            "to-adults-ap",
            "to-main",
            "view",
        }
        assert all(0 <= value <= 1 for values in figures.values() for value in values)
    with pytest.raises(DataError, match="column report"):
        STUDY.main(["measure", "heads", "--weights", str(folder), "--data", str(ward), str(clinic), *data[3:]])


def test_a_style_is_taken_over_and_shapes_stay():
    rng = np.random.default_rng(0)
    image, style = (rng.uniform(0.3, 0.7, (32, 32)).astype(np.float32) for _ in range(2))
    assert ingredients.mix_styles(image, style, 0.0) == pytest.approx(image, abs=1e-5)
    mixed = ingredients.mix_styles(image, style, 1.0)
    spectra = {name: np.fft.rfft2(of) for name, of in (("mixed", mixed), ("image", image), ("style", style))}
    inner = np.s_[1:16, 1:16]  # of these, no phase is bound to be one of two
    np.testing.assert_allclose(np.abs(spectra["mixed"])[inner], np.abs(spectra["style"])[inner], rtol=1e-2, atol=0.05)
    assert np.cos(np.angle(spectra["mixed"] / spectra["image"]))[inner].min() > 0.99


def test_images_are_drawn_evenly_and_those_of_known_view_first():
    records = [
        Record(Path(f"{label}{number}"), label, f"{number}", "", stated=Stated(view="PA" if number > 7 else ""))
        for label in (0, 1)
        for number in range(10)
    ]
    chosen = ingredients.some(records, 4)
    assert [record.label for record in chosen].count(1) == 4 and len(chosen) == 8
    assert sum(record.stated.view == "PA" for record in chosen) == 4


@pytest.mark.slow
def test_ingredients_are_judged_both_ways_on_images_that_were_not_trained_on(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    every = ingredients.ingredients()
    two = {name: every[name] for name in (ingredients.PLAIN, ingredients.UNMOVED)}
    monkeypatch.setattr(ingredients, "ingredients", lambda: two)
    ward, clinic = map(str, write_two_hospitals(tmp_path))
    options = ["--data", ward, clinic, "--populations", "children", "adults", "--backbone-weights", "none"]
    options += ["--seeds", "1", "--runs", str(tmp_path / "runs")]
    assert STUDY.main(["measure", "ingredients", *options]) == 0
    kept = json.loads((tmp_path / "results" / "ingredients.json").read_text())
    assert set(kept["ingredients"]) == {
        *two,
        *(ingredients.ADAPTED, ingredients.HALF_WAY, ingredients.BOTH),
    }
    for figures in kept["ingredients"].values():
        assert set(figures) == {"adults", "children"}
        assert all(0 <= value <= 1 for of in figures.values() for value in of["auroc"])
    first, other = (kept["ingredients"][name]["children"] for name in two)
    assert first["gain"] == {"value": 0, "low": 0, "high": 0}
    assert other["gain"]["value"] == pytest.approx(other["auroc"][0] - first["auroc"][0])
    assert other["gain"]["low"] <= other["gain"]["value"] <= other["gain"]["high"]
    assert kept["images"]["children"]["train"] > kept["images"]["children"]["scored"] > 0
