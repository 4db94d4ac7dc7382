"""Somebody's own weights on the page, beside the published ones."""

import os
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from demo.page import build_demo
from demo.report.handlers import ReportHandlers
from demo.report.pdf import to_pdf
from demo.server.health import Health
from demo.shared.components import availability
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.performance.handlers import PerformanceHandlers
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.variants.registry import DEFAULT, PUBLISHED, get_variant
from pneumonia.weights.locate import own_folders
from tests.fixtures.fakes import POINTS, FakePredictor, load_fake

OWN = "ward"
THRESHOLD = 0.61


class OwnPredictor(FakePredictor):
    """Other weights of the default variant, with a threshold of their own."""

    def __init__(self, variant: str) -> None:
        super().__init__(variant)
        balanced = replace(POINTS["balanced"], threshold=THRESHOLD, low=0.55, high=0.65)
        self.calibrations = {
            name: replace(calibration, weights_sha256="f" * 64, operating_points={**POINTS, "balanced": balanced})
            for name, calibration in self.calibrations.items()
        }


def load(name: str) -> FakePredictor:
    return OwnPredictor(DEFAULT) if name == OWN else load_fake(name)


@pytest.fixture
def predictors():
    return Predictors(load, [OWN])


def test_each_folder_goes_by_its_name_and_none_by_that_of_a_variant(monkeypatch):
    named = ["/runs/ward", f"/runs/{DEFAULT}", "/other/ward", "/runs/ward"]
    monkeypatch.setenv("PNEUMONIA_WEIGHTS", os.pathsep.join([*named, ""]))
    folders = {"ward": "/runs/ward", f"runs/{DEFAULT}": f"/runs/{DEFAULT}", "other/ward": "/other/ward"}
    assert {name: str(path) for name, path in own_folders().items()} == folders
    monkeypatch.delenv("PNEUMONIA_WEIGHTS")
    assert own_folders() == {}


def test_a_reading_is_judged_by_the_thresholds_of_the_network_that_made_it(chest, predictors):
    handlers, session = ReadHandlers(predictors), Session()
    record, *_ = handlers.on_read(chest, OWN, "balanced", session)
    assert (record["variant"], record["weights_sha256"], record["threshold"]) == (DEFAULT, "f" * 64, THRESHOLD)
    handlers.on_operating_point_change(OWN, "screening", session)
    handlers.on_operating_point_change(OWN, "balanced", session)
    assert session.reading.predictions[OWN].threshold == THRESHOLD
    published, *_ = handlers.on_read(chest, DEFAULT, "balanced", session)
    assert published["threshold"] == POINTS["balanced"].threshold


def test_it_stands_beside_the_published_ones_under_its_name(chest, predictors):
    session = Session()
    records, _, table, _ = CompareHandlers(predictors).on_compare(chest, "balanced", session)
    assert [record["variant"] for record in records] == [*PUBLISHED, DEFAULT]
    assert f">{OWN}<small>" in table and f">{get_variant(DEFAULT).title}<small>" in table
    report = ReportHandlers(predictors, comparison=True)._report(False, session, None, None)
    assert [entry.network for entry in report.entries] == [*PUBLISHED, OWN]
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(to_pdf(report))).pages)
    assert all(title in text for title in (*(get_variant(name).title for name in PUBLISHED), OWN))
    points: list[OperatingPoint] = [entry.judged.point for entry in report.entries]
    assert [point.threshold for point in points] == [*[POINTS["balanced"].threshold] * 3, THRESHOLD]
    assert OWN in PerformanceHandlers(predictors).on_set_change("validation", "balanced")
    assert (OWN, OWN) in availability(predictors)["choices"]
    assert list(Health(predictors).state()["variants"]) == [*PUBLISHED, OWN]


def test_the_page_names_a_folder_that_cannot_be_used(monkeypatch, tmp_path):
    monkeypatch.setenv("PNEUMONIA_WEIGHTS", str(tmp_path / "nothing"))
    health = build_demo(load_fake).health
    health._predictors.missing()
    state = health.state()["variants"]
    assert state["nothing"]["status"] == "unavailable" and state[DEFAULT]["status"] == "available"


def test_the_page_reads_with_a_folder_of_weights(monkeypatch):
    monkeypatch.setenv("PNEUMONIA_WEIGHTS", str(Path("weights") / "custom-cnn"))
    own = build_demo(load_fake).health._predictors.get("weights/custom-cnn")
    assert own.variant == "custom-cnn" and own.operating_points
