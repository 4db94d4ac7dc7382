"""The images of a training by what they are for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.data.manifest import Manifest, Record
from pneumonia.data.pipeline import ImageSet, load_images
from pneumonia.data.splits import of_main_population, split_by_patient
from pneumonia.errors import DataError
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.variants.spec import Variant

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """Images of a training; no patient is in both of the first two.

    Attributes:
        train: to train with; those of uncertain labels too.
        validation: to stop the training, and to fix calibration and thresholds on.
        others: of other populations than these, for the shared head, likewise, and judged out of fold; None for none.
        unlabelled: of the sources of `train`, for adaptation without labels. None for none.
    """

    train: ImageSet
    validation: ImageSet
    others: ImageSet | None = None
    unlabelled: ImageSet | None = None


def load_parts(
    variant: Variant, manifest: Manifest, records: Sequence[Record], preprocessor: Preprocessor, seed: int
) -> Parts:
    """Divide and read the images of a training.

    Args:
        variant: that is trained.
        manifest: all images there are.
        records: those with a label that may be trained with; the patients of the rest are held out of everything.
        preprocessor: of the network.
        seed: of the split.

    Raises:
        DataError: if the images cannot be divided, or a class is missing in a part.
    """
    own: list[Record] = list(records)
    others: list[Record] = []
    if variant.recipe.shared_head is not None:
        own, others = of_main_population(records)
        if left_out := len(records) - len(own) - len(others):
            _LOG.info("%d images, the few of one population in a source of another, are left out", left_out)
    train, validation = split_by_patient(own, seed)
    of_train = load_images([*train, *_beside(train, manifest.uncertain, manifest)], preprocessor)
    of_validation = load_images(validation, preprocessor)
    of_others = load_images([*others, *_beside(others, manifest.uncertain, manifest)], preprocessor) if others else None
    for images in filter(None, (of_train, of_validation, of_others)):
        if not set(range(len(CLASS_NAMES))) <= set(images.labels):
            raise DataError("Training and validation each need readable images of both classes.")
    unlabelled = None
    if variant.recipe.adaptation_epochs and (without := _beside(train, manifest.unlabelled, manifest)):
        unlabelled = load_images(without, preprocessor)
    return Parts(of_train, of_validation, of_others, unlabelled)


def _beside(used: Sequence[Record], offered: Sequence[Record], manifest: Manifest) -> list[Record]:
    """Those offered that are of a source and a population of records that are used, and of no patient held out."""
    of = {(record.source, record.stated.population) for record in used}
    held_out = set(map(_person, manifest.records)) - set(map(_person, used))
    return [r for r in offered if (r.source, r.stated.population) in of and _person(r) not in held_out]


def _person(record: Record) -> tuple[str, str]:
    """One number in both populations is of two people."""
    return record.stated.population, record.patient
