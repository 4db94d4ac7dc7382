"""A linear head on a frozen backbone, fitted in one go.

The backbone was adapted to give an image and its augmentations the same features, so the head has nothing to
gain from augmented images, and its training is a convex problem with one solution.
"""

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression

_BATCH_SIZE = 64
_MOST_ITERATIONS = 2000
# Of the median among features that vary. One that hardly ever fires in training has a tiny deviation; scaled to one,
# it would be given a weight of thousands, and a radiograph in which it fires would be read by it alone.
_LEAST_DEVIATION = 0.5


def fit_linear_probe(model: keras.Model, inputs: np.ndarray, labels: np.ndarray, inverse_penalty: float) -> None:
    """Fit the logit layer by logistic regression on scaled pooled features, both classes counting the same.

    There is no intercept: the mean of the Grad-CAM map then is the logit itself, and a map without evidence
    means a logit of zero.

    Args:
        model: its head must be linear; only the layer `logit` is changed.
        inputs: float32 (N, S, S, 1) in [0, 1], preprocessed.
        labels: (N,) of 0 and 1, both present.
        inverse_penalty: the C of scikit-learn's `LogisticRegression`; smaller is a stronger penalty.

    Raises:
        ValueError: if the head has hidden layers.
    """
    logit = model.get_layer("logit")
    pool = keras.Model(model.input, model.get_layer("pool").output)
    if logit.kernel.shape[0] != pool.output.shape[-1]:
        raise ValueError("A linear probe needs a head without hidden layers.")
    starts = range(0, len(inputs), _BATCH_SIZE)
    features = np.concatenate([pool(inputs[i : i + _BATCH_SIZE], training=False).numpy() for i in starts])
    deviations = features.std(axis=0)
    scale = np.maximum(deviations, _LEAST_DEVIATION * np.median(deviations[deviations > 0]))
    regression = LogisticRegression(
        C=inverse_penalty, class_weight="balanced", fit_intercept=False, max_iter=_MOST_ITERATIONS
    )
    regression.fit(features / scale, labels)
    # The scaling goes into the layer's own kernel.
    logit.set_weights([(regression.coef_[0] / scale)[:, None], np.zeros(1)])
