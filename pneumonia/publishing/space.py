"""A Hugging Face Space of the page: what is sent there, and nothing else that may lie in the project's folder."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pneumonia.errors import WeightsError
from pneumonia.inference import chest_check, lung_shape
from pneumonia.inference.chest_check import CHEST_CHECK_FOLDER
from pneumonia.inference.lung_segmentation import LUNG_FIELDS_FOLDER
from pneumonia.inference.lung_shape import LUNG_SHAPE_FOLDER
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import CONFIG, PROJECT_FOLDER, SERVED_FILES, WEIGHTS_FOLDER, read_bundle

README = "README.md"
REQUIREMENTS = "requirements.txt"
_LOCK = "locks/serving.txt"

# By name, so that a site's calibration, a picture put beside the examples or what a run left is never sent.
_CODE = (
    *("app.py", "LICENSE", "demo/**/*.py", "demo/**/*.css", "demo/**/*.js", "docs/studies/shortcuts.json"),
    *("pneumonia/**/*.py", "pneumonia/py.typed"),
)
_EXAMPLES = ("demo/examples/SOURCES.md", "demo/examples/synthetic-*.png")

# A repository on the Hub takes binary files by LFS alone when somebody clones it and pushes. The project's own stores
# them plainly, so that a clone without LFS is whole, and must not have these rules.
_LFS_RULES = "".join(
    f"{kind} filter=lfs diff=lfs merge=lfs -text\n" for kind in ("*.keras", "*.npz", "*.png", "*.tflite")
)

_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def space_files(models: Sequence[str] = (), root: Path = PROJECT_FOLDER) -> dict[str, Path | bytes]:
    """All files of the Space.

    Args:
        models: repositories on the Hub that hold the weights, as `OWNER/NAME`, which its page shall link to.
        root: the project's folder.

    Returns:
        By path in the Space, the file to send, or its bytes where it is not sent as it is.

    Raises:
        WeightsError: if no variant has weights, or if some are damaged.
    """
    names = sorted(str(path.relative_to(root)) for path in _matching(root, *_CODE, *_EXAMPLES))
    names += _weights(root)
    files: dict[str, Path | bytes] = {name: root / name for name in names}
    files[REQUIREMENTS] = exact_requirements((root / _LOCK).read_text()).encode()
    files[README] = space_readme((root / README).read_text(), models, files).encode()
    files[".gitattributes"] = _LFS_RULES.encode()
    return files


def exact_requirements(lock: str) -> str:
    """All packages of a lock in their versions, without their hashes.

    The Hub adds packages of its own in the same call of pip, which would fail for want of theirs.
    """
    return "".join(line.removesuffix(" \\") + "\n" for line in lock.splitlines() if line[:1].isalnum())


def space_readme(readme: str, models: Sequence[str], present: Collection[str]) -> str:
    """The settings that the Hub reads and what the project is, without its pictures and the work with its code.

    Args:
        readme: that of the project.
        models: as for `space_files`.
        present: paths in the Space; a paragraph with a link to any other file is left out.
    """
    _, settings, text = readme.split("---\n", 2)
    if models:
        settings += "models:\n" + "".join(f"  - {model}\n" for model in models)
    paragraphs = text.partition("\n## ")[0].strip().split("\n\n")
    shown = [paragraph for paragraph in paragraphs if all(link in present for link in _LINK.findall(paragraph))]
    return f"---\n{settings}---\n\n" + "\n\n".join(shown) + "\n"


def _matching(root: Path, *patterns: str) -> list[Path]:
    paths = [path for pattern in patterns for path in root.glob(pattern)]
    return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(root).parts)]


def _weights(root: Path) -> list[str]:
    """Paths of the files that are served, each checked against its hash."""
    variants = [name for name in PUBLISHED if (root / WEIGHTS_FOLDER.name / name).exists()]
    if not variants:
        raise WeightsError("There are no weights to serve. Train a variant with pneumonia train.")
    needed = {
        **dict.fromkeys((*variants, LUNG_FIELDS_FOLDER.name), SERVED_FILES),
        CHEST_CHECK_FOLDER.name: chest_check.FILES,
        LUNG_SHAPE_FOLDER.name: lung_shape.FILES,
    }
    names = []
    for folder, files in needed.items():
        path = f"{WEIGHTS_FOLDER.name}/{folder}"
        read_bundle(root / path, files)
        names += [f"{path}/{name}" for name in (CONFIG, *files)]
    return names
