"""What a training ran on, for the record."""

import platform

import keras
import numpy as np
import sklearn
import tensorflow as tf


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape a training, by name."""
    libraries = {"keras": keras, "numpy": np, "scikit-learn": sklearn, "tensorflow": tf}
    return {"python": platform.python_version(), **{name: lib.__version__ for name, lib in libraries.items()}}
