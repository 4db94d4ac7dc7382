"""Whatever is warned of, the warning says what to do."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from pneumonia.core.correction import INVERTED, TURNED
from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.imaging.decode import decode
from pneumonia.imaging.dicom import SURPLUS_WARNING
from pneumonia.inference.chest_check import _BE_SURE
from pneumonia.inference.lung_checks import clipped_check, evidence_check, lungs_check
from pneumonia.inference.population import read_as
from pneumonia.inference.shared_analysis import _NOT_JUDGED
from scripts.studies.reliability.abuse.inputs import ROWS

# A clause that begins with what is to be done.
INSTRUCTION = re.compile(
    r"(?:^|[.;:,] )(?:Choose|Compare|Crop|Do not rely|Export|Invert|Make sure|See|Turn) ", re.IGNORECASE
)


def _of_readings() -> set[str]:
    """Messages of the checks that follow the decoding."""
    both = (CHILDREN, ADULTS)
    checks = (
        *TURNED.values(),
        INVERTED,
        _NOT_JUDGED,
        *lungs_check(None, "image"),
        *lungs_check(SimpleNamespace(found=False), "lungs"),
        *clipped_check(np.ones((64, 64), np.float32), None),
        *evidence_check(np.full((2, 2), 4.0, np.float32), 0.1),
        *(
            check
            for calibrated, age, chosen, seen in (
                (both, None, None, None),
                (both, 0.5, None, None),
                (both, 15.0, CHILDREN, None),
                (both, 40.0, CHILDREN, CHILDREN),
                (both, None, ADULTS, CHILDREN),
                (both[:1], None, ADULTS, None),
            )
            for check in read_as(calibrated, age, chosen, seen).checks
        ),
    )
    return {SURPLUS_WARNING, _BE_SURE, *(check.message for check in checks if check.status == "warn")}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata
def test_every_warning_says_what_to_do():
    messages = _of_readings() | {
        check.message for row in ROWS if row.warned for check in decode(row.data).checks if check.status == "warn"
    }
    assert not [message for message in sorted(messages) if not INSTRUCTION.search(message)]
