"""docs/exports.md says what docs/studies/exports says."""

from pneumonia.exports.formats import FORMATS
from pneumonia.variants.registry import PUBLISHED
from scripts.studies.exports.__main__ import STUDY


def made_up(lost: float) -> dict:
    """Figures of one network in two forms, of which int8 loses so much AUROC."""
    forms = {}
    for number, (title, less) in enumerate((("tflite", 0.0), ("tflite int8", lost))):
        forms[title] = {
            "bytes": 8_870_000 // (1 + 2 * number),
            "difference": {"probability": 0.048 * number, "mean_probability": 0.002 * number, "map": 9.5 * number},
            "auroc": {"value": 0.99 - less, "low": 0.98 - less, "high": 1.0 - less},
            "auroc_difference": {"value": -less, "low": -less - 0.001, "high": -less + 0.001},
            "changed": 3 * number,
            "time_to_served": {"median": 1 - 0.4 * number, "low": 1 - 0.5 * number, "high": 1 - 0.3 * number},
        }
    machine = {"processor": "Made Up 9000", "threads": 2, "versions": {"python": "3.11.0"}}
    run = {"command": "python -m scripts.studies.exports measure --made-up", "machine": machine, "rounds": 7}
    return {"custom-cnn": {**run, "images": 1043, "positives": 775, "checked": 50, "forms": forms}}


def test_the_document_says_what_the_figures_say():
    document = STUDY.render(made_up(lost=0.0012))
    row = "| tflite int8 | 2.96 | 0.60 (0.50 to 0.70) | 0.9888 (0.9788 to 0.9988) | 0.048 | 0.002 | 9.5 | 3 |"
    assert row in document
    text = " ".join(document.split())
    assert "`custom-cnn` -0.0012 (-0.0022 to -0.0002)" in text and "0.005: reached." in text
    assert "7 rounds; Made Up 9000, 2 threads; python 3.11.0." in text and "--made-up" in text
    assert max(len(line) for line in document.splitlines() if not line.startswith(("|", "python"))) <= 120


def test_too_great_a_loss_is_said():
    text = " ".join(STUDY.render(made_up(lost=0.0051)).split())
    assert "no more than 0.005: **not reached**." in text


def test_no_number_in_the_document_is_typed_by_hand():
    assert STUDY.document.read_text() == STUDY.render(STUDY.figures())


def test_every_network_was_measured_in_every_form_and_int8_kept_its_auroc():
    figures = STUDY.figures()
    assert set(figures) == set(PUBLISHED)
    for values in figures.values():
        assert list(values["forms"]) == [form.title for form in FORMATS] and values["checked"] == 50
        assert values["forms"]["tflite int8"]["auroc_difference"]["value"] >= -0.005
        assert values["forms"]["tflite"]["changed"] == 0
