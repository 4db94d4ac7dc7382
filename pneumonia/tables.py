"""CSV that spreadsheets cannot be tricked by."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

# A cell that begins with one of these is run as a formula by common spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_safe(value: Any) -> Any:
    """A text that would be taken for a formula gets an apostrophe in front; anything else stays as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


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
