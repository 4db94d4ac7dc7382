"""Loss, optimizer, learning rate and reported figures of a phase of training."""

from functools import partial

import keras

from pneumonia.utils.lookup import look_up
from pneumonia.variants.spec import Phase, Recipe

_WARMUP_SHARE = 0.05


class _SoftmaxAUC(keras.metrics.AUC):
    """AUROC of two logits, normal and pneumonia: the sigmoid of their difference is the softmax."""

    def update_state(
        self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor, sample_weight: keras.KerasTensor | None = None
    ) -> None:
        super().update_state(y_true, y_pred[:, 1:] - y_pred[:, :1], sample_weight)


def warmup_cosine(peak: float, steps: int) -> keras.optimizers.schedules.CosineDecay:
    """Linear warm-up from a tenth over the first twentieth of the steps, then cosine decay to zero.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.

    Args:
        peak: highest learning rate.
        steps: optimizer steps in all.
    """
    warmup = max(round(_WARMUP_SHARE * steps), 1)
    return keras.optimizers.schedules.CosineDecay(0.0, max(steps - warmup, 1), warmup_target=peak, warmup_steps=warmup)


def new_optimizer(recipe: Recipe, phase: Phase, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of one phase.

    Args:
        recipe: names it and the course of the rate.
        phase: names the rate.
        steps: of the phase, if it is not stopped early.

    Raises:
        UnknownNameError: if there is no such optimizer or schedule.
    """
    schedules = {"cosine": warmup_cosine, "constant": lambda peak, steps: peak}
    rate = look_up(schedules, recipe.schedule, "schedule")(phase.learning_rate, steps)
    optimizers = {
        "adamw": partial(keras.optimizers.AdamW, weight_decay=recipe.weight_decay),
        "adam": keras.optimizers.Adam,
        "sgd": partial(keras.optimizers.SGD, momentum=recipe.momentum),
    }
    return look_up(optimizers, recipe.optimizer, "optimizer")(rate)


def compile_model(model: keras.Model, optimizer: keras.optimizers.Optimizer, label_smoothing: float) -> None:
    """Set the cross-entropy that fits the number of logits, and AUROC and accuracy beside it.

    Args:
        model: gives logits (B, 1), or (B, 2) for a softmax.
        optimizer: moves it.
        label_smoothing: share of each label given to the other class.
    """
    if model.output_shape[-1] == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=label_smoothing)
        auroc = keras.metrics.AUC(name="auroc", from_logits=True)
        accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    else:

        def loss(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
            classes = keras.ops.concatenate([1 - labels, labels], axis=1)
            return keras.losses.categorical_crossentropy(classes, logits, True, label_smoothing)

        auroc = _SoftmaxAUC(name="auroc", from_logits=True)
        accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    model.compile(optimizer=optimizer, loss=loss, metrics=[auroc, accuracy])
