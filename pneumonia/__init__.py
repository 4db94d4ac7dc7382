"""Read chest radiographs for pneumonia, show where the evidence lies, and say how far to trust it.

A research demonstration, not a medical device.

    from pneumonia import load_predictor

    prediction = load_predictor().predict("chest.dcm")
    print(prediction.finding, prediction.probability, prediction.threshold)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pneumonia._version import __version__
from pneumonia.core.check import Check
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.errors import (
    CalibrationError,
    CorruptImageError,
    DataError,
    DicomOutputError,
    ExportError,
    HubError,
    HubNameError,
    HubNotFoundError,
    HubTokenError,
    HubTransferError,
    HubUnreachableError,
    ImageError,
    ImageSizeError,
    MissingExtraError,
    PneumoniaError,
    ReceiptError,
    UnknownNameError,
    UnsupportedImageError,
    WeightsError,
)
from pneumonia.variants.registry import list_variants

if TYPE_CHECKING:
    from pneumonia.calibration.recalibrate import recalibrate
    from pneumonia.calibration.site_store import load_site_calibration
    from pneumonia.explain.overlay import draw_overlay
    from pneumonia.imaging.decode import Radiograph, decode
    from pneumonia.inference.prediction import Prediction
    from pneumonia.inference.predictor import Predictor, load_predictor

__all__ = [
    "CalibrationError",
    "Check",
    "CorruptImageError",
    "DataError",
    "DicomOutputError",
    "ExportError",
    "HubError",
    "HubNameError",
    "HubNotFoundError",
    "HubTokenError",
    "HubTransferError",
    "HubUnreachableError",
    "ImageError",
    "ImageSizeError",
    "MissingExtraError",
    "OperatingPoint",
    "PneumoniaError",
    "Prediction",
    "Predictor",
    "Radiograph",
    "ReceiptError",
    "UnknownNameError",
    "UnsupportedImageError",
    "WeightsError",
    "__version__",
    "decode",
    "draw_overlay",
    "list_variants",
    "load_predictor",
    "load_site_calibration",
    "recalibrate",
]

# What takes a second to import is imported when it is asked for.
_LAZY = {
    "Prediction": "inference.prediction",
    "Predictor": "inference.predictor",
    "Radiograph": "imaging.decode",
    "decode": "imaging.decode",
    "draw_overlay": "explain.overlay",
    "load_predictor": "inference.predictor",
    "load_site_calibration": "calibration.site_store",
    "recalibrate": "calibration.recalibrate",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
