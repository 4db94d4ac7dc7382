"""What radiologists said of images, as sets that are judged by themselves."""

from pathlib import Path

import numpy as np
import pytest

from pneumonia.data.manifest import Record
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.tables import Stated


def records(*said):
    """One record for each pair of a radiologist's word and a view."""
    return [
        Record(Path(f"{n}.png"), int(readers == "opacity"), f"{n}", f"{n}", stated=Stated(readers=readers, view=view))
        for n, (readers, view) in enumerate(said)
    ]


def test_each_comparison_is_a_set():
    images = records(
        *zip(["opacity", "normal", "other", "opacity", "normal", ""], ["PA", "PA", "AP", "AP", "", "PA"], strict=True)
    )
    sets = reader_sets("adults", images)
    assert {name: list(np.flatnonzero(of.chosen)) for name, of in sets.items()} == {
        "adults": [0, 1, 3, 4],
        "adults-pa": [0, 1],  # of AP there is an opacity alone
        "adults-other": [0, 2, 3],
        "adults-all": [0, 1, 2, 3, 4],
    }
    opacity, clear, other = (sets["adults-all"].weights[which].sum() for which in ([0, 3], [1, 4], [2]))
    assert clear / opacity == pytest.approx(8851 / 6012) and other / opacity == pytest.approx(11821 / 6012)
    assert sets["adults"].weights is None


def test_images_of_which_no_radiologist_spoke_are_one_set():
    ((name, (chosen, weights)),) = reader_sets("ward", records(("", "PA"), ("", ""))).items()
    assert name == "ward" and chosen.all() and weights is None
