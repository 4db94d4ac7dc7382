"""The sets of images every trained network is judged on: scoring them with the served model."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.pipeline import ImageSet, Transformation, prepare_inputs
from pneumonia.inference.engine import Engine
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.metrics.scores import Scores


def score_images(
    engine: Engine, images: ImageSet, preprocessor: Preprocessor, changes: Sequence[Transformation] = ()
) -> Scores:
    """Read every image of a set with the served model.

    Args:
        engine: the served model.
        images: N decoded images.
        preprocessor: of the network.
        changes: made to the squashed images in turn, for instance fixed corruptions.
    """
    inputs = prepare_inputs(images, preprocessor, changes)
    with ThreadPoolExecutor() as pool:
        logits = list(pool.map(lambda image: engine.run(image[..., 0])[0], inputs))
    return Scores(np.array(logits), images.labels, images.patients)


def score_shifted(engine: Engine, images: ImageSet, preprocessor: Preprocessor, name: str) -> dict[str, Scores]:
    """Scores on the images as they are and under each fixed corruption, by name of the set."""
    return {
        name: score_images(engine, images, preprocessor),
        **{
            f"{name}-{corruption}": score_images(engine, images, preprocessor, [change])
            for corruption, change in CORRUPTIONS.items()
        },
    }
