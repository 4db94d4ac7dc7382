"""What pydicom says of a file is kept from logs: it quotes values that it finds invalid, and these may name a person.

Its settings are those of the whole process, as are Python's filters of warnings.
"""

import logging
import re
import warnings

from pydicom import config

# As `warnings.filters` has it.
_FILTER = ("ignore", None, Warning, re.compile(r"pydicom\."), 0)


def quiet_pydicom() -> None:
    """Have pydicom neither check values as it reads them nor warn of them, in warnings or in its log.

    To be called before each file: a `warnings.catch_warnings` that was left since brings the old filters back.
    """
    config.settings.reading_validation_mode = config.IGNORE
    # Character sets are looked at all the same.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    if warnings.filters[:1] != [_FILTER]:
        warnings.filterwarnings("ignore", module=_FILTER[3].pattern)
