"""Maps that other libraries make of the same Keras model, called as their documentation shows.

They are measured as they come. Cells or pixels of equal value, such as all that a library sets to zero, are named in an
order drawn at random.
"""

from collections.abc import Callable

import keras
import numpy as np

from scripts.studies.peers import vis_map

# The channels whose maps Score-CAM tries out, and the steps of integrated gradients: few, for time.
_CHANNELS = 32
_STEPS = 16
# Side of the patches of occlusion in pixels, painted black one after the other.
_PATCH = 32


def peer_maps(model: keras.Model) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Functions that make their maps by name, float32 (h, w), from an image, float32 (S, S) in [0, 1], preprocessed."""
    # Some of them call Keras's `predict`, which would draw a progress bar for every map.
    keras.config.disable_interactive_logging()
    methods = {**_tf_keras_vis(model), **_xplique(model)}
    return lambda image: {name: method(image) for name, method in methods.items()}


def _tf_keras_vis(model: keras.Model) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.layercam import Layercam
    from tf_keras_vis.scorecam import Scorecam

    return {
        "Grad-CAM++ (tf-keras-vis)": vis_map(GradcamPlusPlus(model, clone=False)),
        "Layer-CAM (tf-keras-vis)": vis_map(Layercam(model, clone=False)),
        f"Score-CAM, {_CHANNELS} channels (tf-keras-vis)": vis_map(Scorecam(model, clone=False), max_N=_CHANNELS),
    }


def _xplique(model: keras.Model) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    from xplique.attributions import IntegratedGradients, Occlusion

    target = np.ones((1, 1), np.float32)

    def method(explainer: object) -> Callable[[np.ndarray], np.ndarray]:
        return lambda image: explainer.explain(image[None, ..., None], target).numpy()[0, ..., 0]

    return {
        "integrated gradients (xplique)": method(IntegratedGradients(model, steps=_STEPS)),
        "occlusion (xplique)": method(Occlusion(model, patch_size=_PATCH, patch_stride=_PATCH)),
    }
