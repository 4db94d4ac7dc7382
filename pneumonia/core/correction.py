"""What a reader does to a picture before it is read, where its file lies wrong or is a negative."""

from collections.abc import Collection
from typing import NamedTuple

from pneumonia.core.check import Check

# By quarters to the left.
TURNED = {
    quarters: Check(
        "turned",
        "warn",
        f"The reader turned this picture by {how} before it was read; its file was not. Make sure that it is upright.",
    )
    for quarters, how in ((1, "90 degrees to the left"), (2, "180 degrees"), (3, "90 degrees to the right"))
}
INVERTED = Check(
    "inverted",
    "warn",
    "The reader inverted this picture before it was read; its file was not. Make sure that the lungs are dark.",
)


class Correction(NamedTuple):
    """A change of a whole picture.

    Attributes:
        quarters: by how many it is turned to the left, 0 to 3.
        inverted: whether black and white change places.
    """

    quarters: int = 0
    inverted: bool = False

    def then(self, other: "Correction") -> "Correction":
        """Both, one after the other."""
        return Correction((self.quarters + other.quarters) % 4, self.inverted != other.inverted)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Warnings that say what was done."""
        turned = (TURNED[self.quarters],) if self.quarters else ()
        return (*turned, INVERTED) if self.inverted else turned

    @classmethod
    def told_by(cls, messages: Collection[str]) -> "Correction":
        """The one that the messages of a reading's checks tell of."""
        quarters = (quarters for quarters, check in TURNED.items() if check.message in messages)
        return cls(next(quarters, 0), INVERTED.message in messages)


UNCHANGED = Correction()
