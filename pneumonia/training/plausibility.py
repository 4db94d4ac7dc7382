"""Fitting the check of `pneumonia.plausibility`: what a chest radiograph is, and where the limits lie."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from pneumonia.bundle import CARD, METRICS, json_bytes, write_bundle
from pneumonia.data.augmentation import PHOTOMETRIC, random_affine, warp
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record, fingerprint, read_classes, read_training_folder
from pneumonia.data.outliers import PARTS, TURNED
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import split_by_patient, split_outside
from pneumonia.lung_fields import load_lung_fields
from pneumonia.plausibility import FITTED, Fitted, Limits, Resemblance
from pneumonia.plausibility_card import render_plausibility_card
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Preprocessor
from pneumonia.training.versions import versions

WEIGHTS_VERSION = "0.1.0"
# Free axes of the Gaussian, out of the features' 448.
_AXES = 64
# Inverse strength of the regression's penalty: strong, as adults lie outside of what it is fitted on.
_REGULARISATION = 0.01
