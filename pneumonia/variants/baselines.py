"""Recipes by name, beside each variant's own.

Most are those of earlier student systems, trainable here so that they can be scored as our variants are. They are
shown the whole squashed image with its grey values as they are, and use a constant rate and plain validation images.
Where a source is silent, there is no dropout, a patience of five epochs and the usual default of Keras.
"""

from dataclasses import replace
from typing import Any

from pneumonia.utils.lookup import look_up
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import Phase, Recipe, Variant

_PLAIN = Recipe(
    phases=(),
    optimizer="adam",
    schedule="constant",
    augmentation="none",
    class_weighted=False,
    validation="plain",
    label_smoothing=0.0,
    weight_decay=0.0,
    patience=5,
)
_SGD = replace(_PLAIN, optimizer="sgd", momentum=0.9)


def _plain(variant: str, recipe: Recipe, *phases: Phase, **network: Any) -> Variant:
    """A variant that is shown plain images, with another recipe and so much else of its network changed."""
    network = {"field": "image", "stretched": False, "dropout": 0.0, **network}
    return replace(get_variant(variant), recipe=replace(recipe, phases=phases), **network)


_FROZEN = get_variant("mobilenetv2-frozen")
_RECIPES = {
    # The reference of the frozen variant: a head on the ImageNet backbone as it is, not adapted.
    "mobilenetv2-frozen-unadapted": replace(
        _FROZEN,
        title="MobileNetV2, frozen, not adapted",
        summary="A backbone that learned from photographs, frozen; only its head saw radiographs.",
        recipe=replace(_FROZEN.recipe, adaptation_epochs=0),
    ),
    "cnn-adam": _plain(
        "custom-cnn",
        _PLAIN,
        Phase(25, 1e-4, "all"),
        title="CNN, softmax",
        summary="Four pooled convolutions and a dense layer, trained here from scratch by an earlier system's recipe.",
        architecture="cnn4",
        pooling="flatten",
        dropout=0.5,
        hidden_units=(128,),
        head="softmax",
    ),
    "mobilenetv2-frozen-sgd": _plain(
        "mobilenetv2-frozen",
        _SGD,
        Phase(25, 1e-3, "head"),
        title="MobileNetV2, frozen, SGD",
        summary="A backbone that learned from photographs, frozen; its head was trained by an earlier system's recipe.",
        head="softmax",
    ),
    "mobilenetv2-finetuned-sgd": _plain(
        "mobilenetv2-finetuned",
        _SGD,
        Phase(25, 5e-4, "top"),
        title="MobileNetV2, top fine-tuned, SGD",
        summary="A backbone that learned from photographs, its last three blocks retrained by an earlier system's "
        "recipe.",
        head="softmax",
    ),
    "cnn3-augmented": _plain(
        "custom-cnn",
        replace(_PLAIN, augmentation="zoom-shear-flip"),
        Phase(25, 1e-3, "all"),
        title="CNN of three blocks",
        summary="Three pooled convolutions and a dense layer, trained here from scratch by an earlier system's recipe.",
        architecture="cnn3",
        pooling="flatten",
        hidden_units=(128,),
    ),
    "mobilenetv2-adam": _plain(
        "mobilenetv2-frozen",
        replace(_PLAIN, augmentation="zoom-shear-flip"),
        Phase(25, 1e-3, "head"),
        title="MobileNetV2, frozen, Adam",
        summary="A backbone that learned from photographs, frozen; its head was trained by an earlier system's recipe.",
    ),
    "mobilenetv2-classweight": _plain(
        "mobilenetv2-frozen",
        replace(_PLAIN, augmentation="rotate-zoom-shift-flip", class_weighted=True, h5=True),
        Phase(15, 1e-3, "head"),
        title="MobileNetV2, frozen, class weights",
        summary="A backbone that learned from photographs, frozen; its head was trained by an earlier system's recipe.",
        hidden_units=(128,),
        hidden_dropout=0.5,
    ),
    "cnn-160": _plain(
        "custom-cnn",
        replace(_PLAIN, class_weighted=True, watches="auroc"),
        Phase(25, 1e-3, "all"),
        title="CNN of two blocks, 160 pixels",
        summary="Two convolution blocks and three dense layers, trained here from scratch by an earlier system's "
        "recipe.",
        architecture="cnn2",
        image_size=160,
        pooling="flatten",
        hidden_units=(512, 256, 128),
    ),
    "mobilenetv2-twophase": _plain(
        "mobilenetv2-finetuned",
        _PLAIN,
        Phase(10, 1e-3, "head"),
        Phase(10, 1e-5, "top"),
        title="MobileNetV2, head, then top",
        summary="A backbone that learned from photographs, its last three blocks retrained by an earlier system's "
        "recipe.",
    ),
}


def list_recipes() -> tuple[str, ...]:
    """Names of all recipes."""
    return tuple(_RECIPES)


def get_recipe(name: str) -> Variant:
    """Look a recipe up by name.

    Returns:
        The variant as this recipe builds and trains it. Its name is that of the variant it is compared under.

    Raises:
        UnknownNameError: if no recipe has that name.
    """
    return look_up(_RECIPES, name, "recipe")
