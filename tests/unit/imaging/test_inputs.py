"""What an upload meets and the answer it gets: each row of `abuse/inputs.py`, sent the whole way to a `Prediction`."""

import numpy as np
import pytest

from pneumonia.imaging.decode import decode
from pneumonia.inference.chest_check import NEGATIVE
from scripts.studies.reliability.abuse.inputs import ROWS
from tests.fixtures.decoding import refused


@pytest.mark.promise(
    "Each kind of file has the answer that is stated for it: read, read with a warning, or refused in words.",
    part="Whatever is uploaded",
)
@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata and of large headers
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_input(row, tiny_predictor):
    prediction = tiny_predictor.predict(row.data)
    if row.refused:
        assert prediction.status == "rejected" and prediction.probability is prediction.heatmap is None
        assert all(words in prediction.error for words in row.words), prediction.error
        assert prediction.error.endswith(".") and "\n" not in prediction.error
        refused(row.data, row.refused)
        return
    if row.unread is None:
        assert prediction.status == "read" and 0 < prediction.probability < 1, prediction.error
    else:
        assert row.unread in prediction.error
    radiograph = decode(row.data)
    # Whether an age is one that was trained on depends on the network.
    assert sorted(check.name for check in radiograph.checks) == sorted(set(row.warned) - {"population"})
    told = {"polarity"} if prediction.error == NEGATIVE else set()
    assert {check.name for check in prediction.checks if check.status == "warn"} >= set(row.warned) - told
    np.testing.assert_allclose(radiograph.pixels, row.shows, atol=row.within)


def test_every_row_is_another_one():
    assert len({row.what for row in ROWS}) == len(ROWS)
