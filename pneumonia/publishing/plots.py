"""Pictures of figures: ROC, precision-recall, reliability, confusion, training curves, sample readings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay, RocCurveDisplay

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.explain.overlay import draw_overlay
from pneumonia.imaging.decode import decode
from pneumonia.inference.prediction import Prediction

_SIZE = (5.0, 5.0)
_BINS = 10


def save_plots(
    folder: Path,
    labels: np.ndarray,
    probabilities: np.ndarray,
    point: OperatingPoint,
) -> list[Path]:
    """Draw the plots of one set of images.

    Args:
        folder: made if missing.
        labels: (N,) of 0 and 1.
        probabilities: (N,) calibrated.
        point: whose threshold the confusion matrix and the marks show.

    Returns:
        The PNG files written.
    """
    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    plots = {
        "roc": _roc,
        "precision-recall": _precision_recall,
        "reliability": _reliability,
        "confusion-matrix": _confusion,
    }
    paths = []
    for name, plot in plots.items():
        figure = Figure(_SIZE)
        plot(figure.subplots(), labels, probabilities, point)
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=150, bbox_inches="tight")
    return paths


def _roc(axes: Axes, labels: np.ndarray, probabilities: np.ndarray, point: OperatingPoint) -> None:
    RocCurveDisplay.from_predictions(labels, probabilities, ax=axes, name="all thresholds")
    positive = probabilities >= point.threshold
    axes.plot(positive[labels == 0].mean(), positive[labels == 1].mean(), "o", label=f"{point.name} operating point")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity")
    axes.legend()


def _precision_recall(axes: Axes, labels: np.ndarray, probabilities: np.ndarray, _: OperatingPoint) -> None:
    PrecisionRecallDisplay.from_predictions(labels, probabilities, ax=axes, name="all thresholds")
    axes.set(xlabel="recall (sensitivity)", ylabel="precision")


def _reliability(axes: Axes, labels: np.ndarray, probabilities: np.ndarray, _: OperatingPoint) -> None:
    observed, predicted = calibration_curve(labels, probabilities, n_bins=_BINS)
    axes.plot([0, 1], [0, 1], "--", color="grey", label="perfect")
    axes.plot(predicted, observed, "o-", label="observed")
    axes.set(xlabel="predicted probability of pneumonia", ylabel="share with pneumonia")
    axes.legend()


def _confusion(axes: Axes, labels: np.ndarray, probabilities: np.ndarray, point: OperatingPoint) -> None:
    called = probabilities >= point.threshold
    ConfusionMatrixDisplay.from_predictions(
        labels, called, display_labels=CLASS_NAMES, cmap="Blues", colorbar=False, ax=axes
    )
    axes.set_title(f"{point.name}, threshold {point.threshold:.3f}")


def save_samples(path: Path, samples: list[tuple[Path, str, Prediction]], scale: float) -> None:
    """Draw radiographs beside their overlays, each with its label and finding.

    Args:
        path: PNG file to write. It shows real cases: keep it out of what is published.
        samples: image file, label, and reading of each.
        scale: logits at which the colours saturate.
    """
    figure = Figure((6.0, 3.0 * len(samples)))
    for (file, label, prediction), row in zip(samples, figure.subplots(len(samples), 2, squeeze=False), strict=True):
        pixels = decode(file).pixels
        row[0].imshow(pixels, cmap="gray", vmin=0, vmax=1)
        row[0].set_title(f"label {label}")
        row[1].imshow(draw_overlay(pixels, prediction.heatmap_on(pixels), scale))
        row[1].set_title(f"{prediction.finding} {prediction.probability:.1%}")
        for axes in row:
            axes.set_axis_off()
    figure.savefig(path, dpi=100, bbox_inches="tight")


def save_history_plot(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Draw loss and accuracy over the epochs.

    Args:
        path: PNG file to write.
        rows: one or more, as `pneumonia.weights.folder.trained_epochs` gives them.
    """
    epochs = range(1, len(rows) + 1)
    figure = Figure((10.0, 4.0))
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epochs, [float(row[name]) for row in rows], label="training")
        axes.plot(epochs, [float(row[f"val_{name}"]) for row in rows], label="validation")
        axes.set(xlabel="epoch", ylabel=name)
        axes.legend()
    figure.savefig(path, dpi=150, bbox_inches="tight")
