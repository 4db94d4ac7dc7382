"""A weights folder as a repository on the Hub: its files, a card that the Hub can read, and plots."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.notices import DATA_ON_THE_HUB
from pneumonia.core.operating_points import BALANCED
from pneumonia.inference.predictor import Predictor
from pneumonia.metrics.scores import VALIDATION, Scores
from pneumonia.publishing import hub_upload
from pneumonia.variants.registry import get_variant
from pneumonia.weights.cards.classifier import trained_elsewhere
from pneumonia.weights.folder import CARD, PROJECT_FOLDER, Bundle, populations, read_bundle, trained_epochs, with_config

# In the repository of the weights.
_PLOTS = "plots"
_LICENCE = PROJECT_FOLDER / "LICENSE"
# What the Hub calls the figures of an operating point.
_METRICS = {"accuracy": "accuracy", "sensitivity": "recall", "specificity": "specificity"}
# Not the data set's own validation folder, which has 16 images.
_AT_HOME = "Chest X-Ray Images (Pneumonia), patients held out, on whom the thresholds were fixed"
_ELSEWHERE = "Patients held out, on whom the thresholds were fixed"

_USE = """## Use

With the project that these weights belong to, installed from a checkout with its extra `hub`:

```python
from huggingface_hub import snapshot_download
from pneumonia import load_predictor

# The full hash of the commit you chose, as its page shows it: nobody can move it to other files.
predictor = load_predictor(weights=snapshot_download("{repo_id}", revision="COMMIT"))
prediction = predictor.predict("chest.dcm")
print(prediction.finding, prediction.probability, prediction.threshold)
```

The page and the commands take the same weights where `weights/{variant}` is missing and the environment says
`PNEUMONIA_HUB={variant}={repo_id}@COMMIT`. Size and SHA-256 of every file are checked before it is opened."""


@dataclass(frozen=True)
class Publication:
    """A weights folder, ready to be sent.

    Attributes:
        files: by path in the repository, which is a weights folder in its turn.
        message: what the commit is called.
    """

    files: dict[str, bytes]
    message: str

    @property
    def card(self) -> str:
        """The model card, with the metadata that the Hub reads."""
        return self.files[CARD].decode()


def prepare(folder: Path, repo_id: str, variant: str | None = None) -> Publication:
    """Make ready what is to be sent; asks nobody.

    Args:
        folder: the weights folder.
        repo_id: `OWNER/NAME`.
        variant: what it must hold; whatever it holds if left out.

    Raises:
        WeightsError: if the folder is not whole, or of another variant.
    """
    bundle = read_bundle(folder)
    # Opens the network too: what cannot be served is not published.
    predictor = Predictor.from_bundle(bundle)
    bundle.require_variant(variant)
    plots = _draw(predictor, _plain_sets(bundle.metrics["sets"], bundle.config))
    card = _card(bundle, repo_id, plots).encode()
    files = with_config({**bundle.contents, CARD: card}, bundle.config) | {"LICENSE": _LICENCE.read_bytes()}
    for drawn in plots.values():
        files |= drawn
    return Publication(files, f"{get_variant(predictor.variant).title}, version {predictor.version}")


def _card(bundle: Bundle, repo_id: str, plots: Mapping[str, Mapping[str, bytes]]) -> str:
    variant = get_variant(bundle.config["variant"])
    elsewhere = trained_elsewhere(bundle.config)
    sections = [bundle.contents[CARD].decode().rstrip("\n")]
    if plots:
        sections += ["## Plots", "Drawn from the scores in `metrics.json`, at the balanced operating point."]
        sections += [f"**{title}**\n\n" + "\n".join(f"![]({name})" for name in plots[title]) for title in plots]
    sections += [_USE.format(repo_id=repo_id, variant=variant.name), ""]
    return hub_upload.card_with_metadata(
        "\n\n".join(sections),
        _results(_plain_sets(bundle.metrics["sets"], bundle.config), elsewhere),
        model_name=variant.title,
        library_name="keras",
        pipeline_tag="image-classification",
        **({} if elsewhere else {"license": "mit", "datasets": [DATA_ON_THE_HUB]}),
        tags=["medical-imaging", "chest-x-ray", "radiology", "pneumonia", "grad-cam", "litert"],
    )


def _plain_sets(sets: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the corrupted copies of what calibrations were fixed on."""
    corrupted = {name for fixed in populations(config).values() for name in fixed["calibration"]["sets"][1:]}
    return {name: figures for name, figures in sets.items() if name not in corrupted}


def _results(sets: dict[str, Any], elsewhere: bool) -> list[dict[str, Any]]:
    """The figures of metrics.json that the Hub lists, unrounded; what is not defined is left out.

    Args:
        sets: of metrics.json, those that are listed.
        elsewhere: whether the network was trained on other images than those of this project.
    """
    results = []
    for name, figures in sets.items():
        at_home = name == VALIDATION
        dataset = {
            "task_type": "image-classification",
            "task_name": "Pneumonia or normal on a frontal chest radiograph",
            "dataset_type": DATA_ON_THE_HUB if at_home and not elsewhere else name,
            "dataset_name": (_ELSEWHERE if elsewhere else _AT_HOME) if at_home else f"Another hospital, {name}",
        }
        point = figures["operating_points"][BALANCED]
        listed = [(figures["auroc"], "roc_auc", "AUROC")]
        listed += [(point[key], metric, f"{key}, {BALANCED} point") for key, metric in _METRICS.items()]
        results += [
            {**dataset, "metric_type": metric, "metric_name": title, "metric_value": figure["value"]}
            for figure, metric, title in listed
            if figure["value"] is not None
        ]
    return results


def _draw(predictor: Predictor, figures: Mapping[str, Any]) -> dict[str, dict[str, bytes]]:
    """Plots of each set whose scores were kept and that has both classes, and of the training: by title, then by path
    in the repository."""
    sets = {name: Scores.from_dict(of_set["scores"]) for name, of_set in figures.items() if "scores" in of_set}
    rows = trained_epochs(predictor.history)
    if not sets and not rows:
        return {}
    # Only now: the libraries that draw take longer to import than all else that is made ready.
    from pneumonia.publishing.plots import save_history_plot, save_plots

    plots = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, scores in sets.items():
            if len(set(scores.labels)) == len(CLASS_NAMES):
                calibration = predictor.calibration_of_set(name)
                probabilities, point = calibration.probabilities(scores.logits), calibration.operating_points[BALANCED]
                drawn = save_plots(folder / name, scores.labels, probabilities, point)
                plots[name] = {f"{_PLOTS}/{name}/{path.name}": path.read_bytes() for path in drawn}
        if rows:
            path = folder / "history.png"
            save_history_plot(path, rows)
            plots["training"] = {f"{_PLOTS}/{path.name}": path.read_bytes()}
    return plots
