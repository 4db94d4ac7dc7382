"""CSV that spreadsheets cannot be tricked by."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

# A cell that begins with one of these is run as a formula by common spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# File systems allow 255 bytes, of which some are wanted for a number and an ending.
_MOST_NAME_BYTES = 200


def spreadsheet_safe(value: Any) -> Any:
    """A text that would be taken for a formula gets an apostrophe in front; numbers stay as they are.

    A carriage return becomes a line feed: it is not quoted, so that what follows it would begin a row.
    """
    if not isinstance(value, str):
        return value
    return ("'" if value.startswith(_FORMULA_STARTS) else "") + value.replace("\r", "\n")


def plain_name(path: str) -> str:
    """The last part of a path of any system, short enough and without what a file system or a terminal may choke on."""
    name = re.split(r"[/\\]", path)[-1].encode("utf-8", "replace")[:_MOST_NAME_BYTES].decode("utf-8", "ignore")
    return "".join(c if c.isprintable() else "_" for c in name)


class CsvWriter:
    """Writes rows of known columns, one at a time.

    Args:
        file: open text file.
        columns: names, in order.
    """

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._columns = columns
        # Texts in quotes: some spreadsheets take a semicolon for the end of a cell too.
        self._writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        self._writer.writerow(columns)

    def write(self, row: Mapping[str, Any]) -> None:
        """Write one row; columns it lacks stay empty."""
        self._writer.writerow([spreadsheet_safe(row.get(column)) for column in self._columns])

    def write_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write several rows."""
        for row in rows:
            self.write(row)
