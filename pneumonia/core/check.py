"""An observation about an upload besides its finding."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One observation.

    Attributes:
        name: short stable identifier, for instance `"view"` or `"exposure"`.
        status: `"ok"`, `"warn"` (read, but be careful) or `"reject"` (not read).
        message: a plain sentence for a clinician.
    """

    name: str
    status: Literal["ok", "warn", "reject"]
    message: str
