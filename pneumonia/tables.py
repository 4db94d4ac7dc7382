"""CSV that spreadsheets cannot be tricked by."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

# A cell that begins with one of these is run as a formula by common spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Columns of a reading, after the name of its file.
READING_COLUMNS = (
    "status",
    "finding",
    "probability",
    "threshold",
    "operating_point",
    "logit",
    "in_lung_share",
    "checks",
    "error",
    "variant",
    "weights_sha256",
    "image_sha256",
    "notice",
)


def spreadsheet_safe(value: Any) -> Any:
    """A text that would be taken for a formula gets an apostrophe in front; anything else stays as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def reading_row(reading: Mapping[str, Any]) -> dict[str, Any]:
    """A reading, as `Prediction.to_dict` gives it, with its checks in one cell."""
    return {**reading, "checks": "; ".join(f"{check['name']}: {check['message']}" for check in reading["checks"])}


class CsvWriter:
    """Writes rows of known columns, one at a time.

    Args:
        file: open text file.
        columns: names, in order.
    """

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._columns = columns
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, row: dict[str, Any]) -> None:
        """Write one row; columns it lacks stay empty."""
        self._writer.writerow([spreadsheet_safe(row.get(column)) for column in self._columns])

    def write_all(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write several rows."""
        for row in rows:
            self.write(row)
