"""Outcomes that any bytes may have, whoever made them: a sound radiograph, or a refusal in a sentence."""

from pathlib import Path

import numpy as np

from pneumonia.errors import ImageError
from pneumonia.imaging.decode import Radiograph, decode
from pneumonia.imaging.zip_archive import ZipMember, list_members

MOST_MEMBERS = 100
MOST_BYTES = 1_000_000


def read_or_refuse(source: object) -> Radiograph | None:
    """Decode; None where it was refused.

    Raises:
        AssertionError: what came is neither sound nor a sentence.
    """
    try:
        radiograph = decode(source)
    except ImageError as error:
        require_sentence(error)
        return None
    pixels, facts = radiograph.pixels, radiograph.facts
    assert pixels.dtype == np.float32 and pixels.shape == (facts["height"], facts["width"]), "another form"
    # Not a number is neither at least 0 nor at most 1.
    assert pixels.min() >= 0 and pixels.max() <= 1, "grey values beyond black and white"
    for check in radiograph.checks:
        assert check.status == "warn" and check.message.endswith("."), check
    return radiograph


def unpack_or_refuse(path: Path) -> list[str]:
    """Read the beginning of every member of an archive; the names of those that could be read.

    Raises:
        AssertionError: a refusal is not a sentence, or more came than was asked for.
    """
    try:
        members = list_members(path, MOST_MEMBERS)
    except ImageError as error:
        require_sentence(error)
        return []
    assert 0 < len(members) <= MOST_MEMBERS
    with members[0].archive:
        return [member.name for member in members if _is_read(member)]


def require_sentence(error: ImageError) -> None:
    """Make sure that an error says in one line what is wrong."""
    text = str(error)
    assert text and text[0].isupper() and text.endswith(".") and text.isprintable(), repr(text)


def _is_read(member: ZipMember) -> bool:
    try:
        content = member.read(MOST_BYTES)
    except ImageError as error:
        require_sentence(error)
        return False
    assert len(content) <= MOST_BYTES
    return True
