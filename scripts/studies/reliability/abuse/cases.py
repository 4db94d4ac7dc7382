"""One file of the abuse corpus, and how a reading of it is judged."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from scripts.studies.reliability.abuse.answers import Row


@dataclass(frozen=True)
class Case:
    """A file and its answer.

    Attributes:
        what: it is, in words.
        make: gives its bytes; some are large.
        answer: "either" where damage may leave a whole picture, and nothing in the file tells.
        words: that a refusal holds.
        warned: names of warnings that a reading has.
        name: of the file.
    """

    what: str
    make: Callable[[], bytes]
    answer: Literal["read", "rejected", "either"]
    words: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    name: str = "image"

    def complaints(self, record: dict[str, Any]) -> list[str]:
        """Find what is wrong with a reading, as `Prediction.to_dict` gives it."""
        status, error = record["status"], record["error"]
        if status not in ("read", "rejected") or self.answer not in (status, "either"):
            return [f"{self.what}: {status} ({error})"]
        if status == "rejected":
            said = [
                record[key] for key in ("finding", "probability", "logit", "in_lung_share") if record[key] is not None
            ]
            right = error.endswith(".") and "\n" not in error and "Traceback" not in error and not said
            missing = [words for words in self.words if words not in error]
        else:
            right = 0 < record["probability"] < 1 and math.isfinite(record["logit"]) and error is None
            right &= record["finding"] in (NORMAL, PNEUMONIA, UNCERTAIN)
            missing = set(self.warned) - {check["name"] for check in record["checks"] if check["status"] == "warn"}
        return [] if right and not missing else [f"{self.what}: {record}, missing {missing}"]


def reads(what: str, make: Callable[[], bytes], *warned: str, name: str = "image") -> Case:
    """It is read, with these warnings."""
    return Case(what, make, "read", warned=warned, name=name)


def rejects(what: str, make: Callable[[], bytes], *words: str, name: str = "image") -> Case:
    """It is refused in a sentence that holds these words."""
    return Case(what, make, "rejected", words, name=name)


def of_row(row: Row) -> Case:
    """A row of the inputs, as a case."""
    if row.refused:
        return rejects(row.what, lambda: row.data, *row.words)
    if row.unread:
        return rejects(row.what, lambda: row.data, row.unread)
    return reads(row.what, lambda: row.data, *row.warned)
