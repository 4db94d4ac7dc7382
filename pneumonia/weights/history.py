"""The rows of a weights folder's history.csv."""

from collections.abc import Iterable, Mapping


def trained_epochs(history: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The rows with a loss on training and on validation images: epochs of phases that were trained step by step."""
    return [row for row in history if row.get("loss") and row.get("val_loss")]
