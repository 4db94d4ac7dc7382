"""Finds what a network is to be shown of a radiograph, and prepares it."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pneumonia.errors import WeightsError
from pneumonia.inference.input_transform import WHOLE_IMAGE, Preprocessing, View
from pneumonia.inference.lung_segmentation import LungFields, LungSegmentation, load_lung_fields
from pneumonia.variants.spec import Variant


class Prepared(NamedTuple):
    """One radiograph, ready for the network.

    Attributes:
        image: float32 (S, S) in [0, 1].
        view: what it shows.
    """

    image: np.ndarray
    view: View


class Preprocessor:
    """The only way from pixels to a network's input; safe to use from several threads.

    Args:
        preprocessing: the record of the network's weights.

    Attributes:
        record: the same.

    Raises:
        WeightsError: if the record needs a segmentation of the lungs that is not there.
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.record = preprocessing
        self._lung_fields: LungFields | None = None
        if preprocessing.lung_fields is not None:
            self._lung_fields = load_lung_fields()
            if self._lung_fields.weights_sha256 != preprocessing.lung_fields:
                raise WeightsError("These weights were trained with another version of the lung fields.")

    def locate(self, square: np.ndarray, lungs: LungSegmentation | None = None) -> View:
        """Find the part of a radiograph to show.

        Args:
            square: float32 (S, S) in [0, 1], squashed.
            lungs: of the same radiograph, if they were looked for already; else they are looked for as needed.
        """
        if self._lung_fields is None:
            return WHOLE_IMAGE
        lungs = lungs or self._lung_fields.segment(square)
        return self.record.view(lungs.inside)

    def apply(self, pixels: np.ndarray, lungs: LungSegmentation | None = None) -> Prepared:
        """Prepare one radiograph, float32 (H, W) in [0, 1]; the lungs as for `locate`."""
        square = self.record.squash(pixels)
        view = self.locate(square, lungs)
        return Prepared(self.record.finish(self.record.crop(square, view), view), view)


def new_preprocessor(variant: Variant) -> Preprocessor:
    """A preprocessor for a network yet to be trained, bound to the lung fields that come with the project."""
    record = Preprocessing(variant.image_size, field=variant.field)
    if not variant.stretched:
        record = replace(record, low_percentile=None, high_percentile=None)
    if variant.field != "image":
        record = replace(record, lung_fields=load_lung_fields().weights_sha256)
    return Preprocessor(record)
