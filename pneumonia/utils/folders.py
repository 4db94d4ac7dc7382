"""Everything that lies in a folder: the one way in which commands walk through folders."""

import os
from collections.abc import Iterable, Iterator, Sequence

from pneumonia.errors import DataError

# What macOS adds beside the files of a folder that it packs.
_RESOURCE_FORKS = "__MACOSX"
_BROKEN_LINK = "a link to a file that is not there"
_LINK_NOT_FOLLOWED = "a link to a folder that it lies in, or that another link leads to"
_NO_FILE = "no regular file"


def walk(folder: str | os.PathLike, but: Iterable[str | os.PathLike] = ()) -> Iterator[str]:
    """Everything below a folder that is no folder: the files of each folder by name, then its folders by name.

    Folders that are linked to are read like others, unless the link lies in them, or another one led there. So that
    nothing is passed over in silence, these links are given too, as are links that lead nowhere, pipes and the like;
    `problem` tells why they cannot be read.

    Args:
        folder: to walk through; what is given begins with it, as it was named.
        but: files and folders that are left out, for instance because whoever reads the rest writes to them.

    Raises:
        DataError: if a folder cannot be read.
    """
    left_out = {os.path.realpath(path) for path in but}
    followed: set[str] = set()
    # Each folder with the real places of the links on the way to it.
    waiting: list[tuple[str, tuple[str, ...]]] = [(os.fspath(folder), ())]
    while waiting:
        place, links = waiting.pop()
        try:
            names = sorted(os.listdir(place))
        except OSError as error:
            raise DataError(f"The folder {place!r} cannot be read: {error.strerror}.") from None
        here = os.path.realpath(place)
        folders = []
        for name in names:
            path, target = os.path.join(place, name), os.path.join(here, name)
            if not os.path.isdir(path):
                if target not in left_out:
                    yield path
                continue
            way = links
            if os.path.islink(path):
                target, way = os.path.realpath(path), (*links, here)
                if target in followed or any(_lies_in(link, target) for link in way):
                    yield path
                    continue
                followed.add(target)
            if target not in left_out:
                folders.append((path, way))
        waiting += reversed(folders)


def is_hidden(parts: Sequence[str]) -> bool:
    """Tell of a path, by its parts, whether its last one is hidden, or lies in what macOS adds to an archive."""
    return parts[-1].startswith(".") or _RESOURCE_FORKS in parts


def problem(path: str) -> str | None:
    """The reason why something that `walk` gave cannot be read as a file; None if it can be tried."""
    if os.path.isfile(path):
        return None
    if os.path.isdir(path):
        return _LINK_NOT_FOLLOWED
    return _NO_FILE if os.path.exists(path) else _BROKEN_LINK


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
