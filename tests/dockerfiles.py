"""A Dockerfile carried out without Docker: its files copied and its commands run below a folder of this machine."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath


@dataclass
class Image:
    """What a Dockerfile makes.

    Attributes:
        root: folder in place of the image's own.
        base: what it starts from.
        environment: variables that it sets.
        folder: where its commands run, in the image.
        user: whom its last commands and the page run as.
        ports: those that it serves.
        health: command that tells whether it works.
        command: what it runs.
        ran: what was run while it was made.
    """

    root: Path
    base: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "root"
    ports: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()

    @property
    def place(self) -> Path:
        """`folder`, on this machine."""
        return self.root / self.folder.removeprefix("/")


def build(context: Path, root: Path, environment: dict[str, str]) -> Image:
    """Carry a Dockerfile out, as far as what it uses here goes; anything else in it is an error.

    Args:
        context: folder with the Dockerfile and .dockerignore.
        root: an empty folder.
        environment: with which its commands run, in place of that of its base.
    """
    image = Image(root)
    sent = sent_files(context)
    for instruction, rest in instructions((context / "Dockerfile").read_text()):
        match instruction:
            case "FROM":
                image.base = rest
            case "ENV":
                image.environment |= dict(re.findall(r"(\w+)=(\S+)", rest))
            case "WORKDIR":
                image.folder = rest
                image.place.mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(context, sent, image.place, rest.split())
            case "RUN":
                subprocess.run(["sh", "-ec", rest], cwd=image.place, env=environment, check=True, timeout=1800)
                image.ran += (rest,)
            case "USER":
                image.user = rest
            case "EXPOSE":
                image.ports += (rest,)
            case "HEALTHCHECK":
                image.health = tuple(json.loads(rest.partition(" CMD ")[2]))
            case "CMD":
                image.command = tuple(json.loads(rest))
            case _:
                raise ValueError(f"{instruction} is not known here")
    return image


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, each with what follows its name."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in whole.splitlines()]


def sent_files(context: Path) -> list[str]:
    """Paths of the files that .dockerignore lets through to the engine."""
    rules = [line for line in (context / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    paths = (path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file())
    return sorted(path for path in paths if not _ignored(path, rules))


def _ignored(path: str, rules: list[str]) -> bool:
    """The last rule that matches a path or a folder that it is in decides."""
    parts = path.split("/")
    heads = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    ignored = False
    for rule in rules:
        if any(_matches(head, rule.removeprefix("!")) for head in heads):
            ignored = not rule.startswith("!")
    return ignored


def _matches(path: str, pattern: str) -> bool:
    """As Docker does: a star stays within a folder, and two at the beginning stand for any folders."""
    if pattern.startswith("**/"):
        return fnmatch(path.split("/")[-1], pattern.removeprefix("**/"))
    there, wanted = path.split("/"), pattern.split("/")
    return len(there) == len(wanted) and all(map(fnmatch, there, wanted))


def _copy(context: Path, sent: list[str], place: Path, words: list[str]) -> None:
    *sources, target = words
    for source in sources:
        found = [path for path in sent if path == source or path.startswith(f"{source}/")]
        if not found:
            raise FileNotFoundError(f"COPY {source}: not there, or ignored")
        for path in found:
            # A folder is copied under the new name, a file into the folder that ends with a slash.
            inside = PurePosixPath(path).relative_to(source) if path != source else PurePosixPath(path).name
            (place / target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(context / path, place / target / inside)
