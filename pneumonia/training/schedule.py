"""Learning rate over a phase."""

import keras

_WARMUP_SHARE = 0.05


def warmup_cosine(peak: float, steps: int) -> keras.optimizers.schedules.CosineDecay:
    """Linear warm-up from a tenth over the first twentieth of the steps, then cosine decay to zero.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.

    Args:
        peak: highest learning rate.
        steps: optimizer steps in all.
    """
    warmup = max(round(_WARMUP_SHARE * steps), 1)
    return keras.optimizers.schedules.CosineDecay(0.0, max(steps - warmup, 1), warmup_target=peak, warmup_steps=warmup)
