"""Figures that docs/networks.md and README.md give in sentences are those that were measured."""

import json

import pytest

from scripts import ROOT
from scripts.studies.study import FIGURES

RECIPES = (
    "cnn-160",
    "cnn-adam",
    "cnn3-augmented",
    "mobilenetv2-adam",
    "mobilenetv2-classweight",
    "mobilenetv2-finetuned-sgd",
    "mobilenetv2-frozen-sgd",
    "mobilenetv2-twophase",
)
FALLING = ("cnn-adam", "mobilenetv2-finetuned-0.2.0")
NETWORKS = " ".join((ROOT / "docs" / "networks.md").read_text().split())


def auroc(training: str, of_set: str) -> float:
    sets = json.loads((FIGURES / "results" / f"trained-{training}.json").read_text())["sets"]
    return sets[of_set]["auroc"]["value"]


def test_what_recipes_of_earlier_systems_reach():
    plain = [auroc(name, "validation") for name in RECIPES]
    assert f"AUROCs, {min(plain):.3f} to {max(plain):.3f}, are as high" in NETWORKS
    falls = [f"from {auroc(name, 'validation'):.3f} to {auroc(name, 'validation-cropped'):.3f}" for name in FALLING]
    assert f"that of `cnn-adam` falls {falls[0]}, and that of the default variant of 0.2.0 {falls[1]}." in NETWORKS


def test_what_the_check_for_chest_radiographs_refuses():
    study = json.loads((FIGURES / "chest_check.json").read_text())
    pooled, sets = study["pooled"]["all"], study["radiographs"]
    children = [sets[name] for name in ("children-report", "children-native")]
    refused = sum(of["refused"]["value"] for of in children)
    adults = sets["adult-report"]
    assert refused == 0
    assert (
        f"{100 * pooled['refused']['value']:.0f} % of {pooled['n']:,} varied pictures, none of "
        f"{sum(of['n'] for of in children)} radiographs of children held out, and "
        f"{100 * adults['refused']['value']:.1f} % of {adults['n']} of another hospital"
    ) in NETWORKS


@pytest.mark.parametrize("page", ["README.md", "docs/networks.md"])
def test_what_passes_the_check(page):
    study = json.loads((FIGURES / "chest_check.json").read_text())
    passed = 1 - study["pooled"]["all"]["refused"]["value"]
    (breasts,) = (of for of in study["others"] if of["kind"] == "drawn breasts")
    assert round(1 / (1 - breasts["refused"]["value"])) == 3
    text = " ".join((ROOT / page).read_text().split())
    assert f"About {100 * passed:.0f} % of pictures of something else pass" in text
    assert "of drawn breasts one in three" in text
