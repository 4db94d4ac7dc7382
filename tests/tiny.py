"""Small data sets and weights made by code."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pneumonia.bundle import CARD, HISTORY, KERAS_MODEL, METRICS, SERVED_MODEL, write_bundle
from pneumonia.labels import NORMAL, PNEUMONIA
from pneumonia.variants import Variant, get_variant

SIZE = 64
EXAMPLES = Path(__file__).parent.parent / "demo" / "examples"


def tiny_radiograph(rng: np.random.Generator, diseased: bool, side: int = 160) -> np.ndarray:
    """A grey disc on noise, bright when diseased: uint8 (side, side)."""
    radius = np.hypot(*(np.mgrid[:side, :side] - side / 2))
    image = rng.integers(0, 80, (side, side)) + (150 if diseased else 60) * (radius < side / 3)
    return image.clip(0, 255).astype(np.uint8)


def write_tiny_data(folder: Path, patients: int = 12) -> None:
    """A data set of one image a patient in each class, named as the public set names them."""
    rng = np.random.default_rng(0)
    for number in range(patients):
        for class_name, name in ((NORMAL, f"IM-{number:04d}-0001"), (PNEUMONIA, f"person{number}_virus_{number}")):
            path = folder / class_name / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), tiny_radiograph(rng, class_name == PNEUMONIA))


def write_chests(folder: Path, patients: int) -> None:
    """As `write_tiny_data`, of the examples with a little noise: what commands run for themselves must be a chest.

    The classes differ in nothing but the examples they are made of, in which an untrained network sees a difference.
    """
    rng = np.random.default_rng(0)
    for number in range(patients):
        for class_name, name in ((NORMAL, f"IM-{number:04d}-0001"), (PNEUMONIA, f"person{number}_virus_{number}")):
            example = EXAMPLES / f"synthetic-{class_name.lower()}-{number % 3 + 1}.png"
            image = cv2.resize(cv2.imread(str(example), cv2.IMREAD_GRAYSCALE), (160, 160), interpolation=cv2.INTER_AREA)
            path = folder / class_name / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8))


def tiny_variant(**changed: object) -> Variant:
    """The custom CNN of `SIZE` pixels, with so much else changed."""
    return replace(get_variant("custom-cnn"), **{"image_size": SIZE, **changed})


def tiny_config(variant: str = "custom-cnn") -> dict:
    """A config that fits a network of `SIZE` pixels."""
    share = {"value": 0.9, "low": 0.8, "high": 0.95}
    points = {
        name: {"threshold": at, "low": at - 0.02, "high": at + 0.02, "sensitivity": share, "specificity": share}
        for name, at in (("screening", 0.3), ("balanced", 0.5), ("rule-in", 0.7))
    }
    return {
        "variant": variant,
        "version": "0.0.0",
        "architecture": {"name": "custom_cnn", "image_size": SIZE, "hidden_units": [], "parameters": 1},
        "preprocessing": {"size": SIZE, "low_percentile": 1.0, "high_percentile": 99.0},
        "temperature": 2.0,
        "operating_points": points,
        "heatmap_scale": 8.0,
    }


def write_tiny_bundle(folder: Path) -> None:
    """A weights folder of an untrained custom CNN."""
    import keras

    from pneumonia.explain.gradcam import ServingModule
    from pneumonia.models import build_model

    keras.utils.set_random_seed(0)
    model = build_model(get_variant("custom-cnn"), SIZE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    saved = folder.parent / "tiny.keras"
    model.save(saved)
    contents = {
        KERAS_MODEL: saved.read_bytes(),
        SERVED_MODEL: ServingModule(model).to_tflite(),
        METRICS: json.dumps({"sets": {}}).encode(),
        HISTORY: b"phase,epoch\n",
        CARD: b"# Tiny\n",
    }
    write_bundle(folder, contents, tiny_config())
