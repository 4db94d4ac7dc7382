"""Recipes by name, beside each variant's own."""

from dataclasses import replace

from pneumonia.variants import Recipe, get_variant

_RECIPES = {
    # The reference of the frozen variant: a head on the ImageNet backbone as it is, not adapted.
    "mobilenetv2-frozen-unadapted": replace(get_variant("mobilenetv2-frozen").recipe, adaptation_epochs=0),
}


def list_recipes() -> tuple[str, ...]:
    """Names of all recipes."""
    return tuple(_RECIPES)


def get_recipe(name: str) -> Recipe:
    """Look a recipe up by name.

    Raises:
        KeyError: if no recipe has that name.
    """
    return _RECIPES[name]
