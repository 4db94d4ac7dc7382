"""Pretrained parameters that backbones start from."""

from collections.abc import Callable

import keras

from pneumonia.errors import WeightsError

IMAGENET = "imagenet"


def read_pretrained(constructor: Callable[..., keras.Model], source: str) -> keras.Model:
    """A network of `keras.applications` without its top, with pretrained parameters.

    Args:
        constructor: its function there.
        source: "imagenet" (downloaded by Keras), or the path of a `.weights.h5` file of that network.

    Raises:
        WeightsError: if the download fails or the file does not fit.
    """
    shape = {"include_top": False, "input_shape": (224, 224, 3)}
    try:
        if source == IMAGENET:
            return constructor(weights=IMAGENET, **shape)
        pretrained = constructor(weights=None, **shape)
        pretrained.load_weights(source)
    except Exception as error:
        # Of a download that failed Keras makes a bare Exception, raised while it handled the real one.
        if isinstance(error, OSError | ValueError | KeyError) or isinstance(error.__context__, OSError):
            raise WeightsError(
                "The backbone's parameters cannot be loaded: the download failed, or the file is of another network. "
                "Name a weights file of the backbone with --backbone-weights, or start from none."
            ) from error
        raise
    return pretrained
