"""docs/results.md says what the figures say."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import report_results  # noqa: E402


def test_no_number_in_the_results_is_typed_by_hand():
    assert (ROOT / "docs" / "results.md").read_text() == report_results.render()


def test_every_figure_names_the_command_that_made_it():
    for path in sorted(report_results.FIGURES.glob("*.json")):
        command = json.loads(path.read_text())["command"]
        assert command.startswith("python scripts/") and (ROOT / command.split()[1]).is_file()


@pytest.mark.parametrize("variant", report_results.PUBLISHED)
def test_a_summary_keeps_the_main_figures(variant):
    folder = ROOT / "weights" / variant
    kept, whole = report_results.summary(folder), json.loads((folder / "metrics.json").read_text())["sets"]
    assert kept["sets"].keys() == whole.keys()
    assert kept["sets"]["validation"]["auroc"] == whole["validation"]["auroc"]
    balanced = whole["adult-report"]["operating_points"]["balanced"]
    assert kept["sets"]["adult-report"]["sensitivity"] == balanced["sensitivity"]
