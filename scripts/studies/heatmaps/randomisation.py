"""Networks that know nothing, to see whether a map tells what the network learned.

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018: a map that stays the same when the parameters are drawn
anew shows the image, not the network.
"""

import keras

from pneumonia.models.registry import backbone_layers


def randomised(model: keras.Model, seed: int, keep_backbone: bool) -> keras.Model:
    """The same network with fresh parameters.

    Args:
        model: as built by `pneumonia.models.registry.build_model`; left as it is.
        seed: of the parameters. It becomes the seed of Keras and numpy too.
        keep_backbone: whether only the head is drawn anew.
    """
    keras.utils.set_random_seed(seed)
    fresh = keras.models.clone_model(model)
    if keep_backbone:
        for trained, new in zip(backbone_layers(model), backbone_layers(fresh), strict=True):
            new.set_weights(trained.get_weights())
    return fresh
