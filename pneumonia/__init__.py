"""Read chest radiographs for pneumonia, show where the evidence lies, and say how far to trust it.

A research demonstration, not a medical device.
"""

from pneumonia.predictor import Prediction, Predictor, load_predictor
from pneumonia.variants import list_variants

__version__ = "0.1.0"

__all__ = ["Prediction", "Predictor", "list_variants", "load_predictor"]
