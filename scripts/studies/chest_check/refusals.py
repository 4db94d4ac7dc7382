"""Refusals by the check of `pneumonia.inference.chest_check`, of chest radiographs and of other pictures."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Literal

import cv2
import numpy as np

from pneumonia.core.check import Check
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record
from pneumonia.data.non_chest_images import OUTLIERS, TURNED
from pneumonia.errors import ImageError
from pneumonia.imaging.decode import decode
from pneumonia.inference.chest_check import NEGATIVE, ON_ITS_SIDE, UPSIDE_DOWN, load_chest_check
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.metrics.intervals import share_interval
from scripts.studies.chest_check.drawn_pictures import DRAWN, LATER
from scripts.studies.chest_check.found_pictures import enlarged, found_pictures, parts

Outcome = Literal["read", "warned", "refused", "refused before"]

# Pictures of each drawn kind, and radiographs of each population that one outlier of each kind is made of.
_PER_KIND = 40
_PARTS_OF_PHOTOGRAPHS, _PARTS_OF_SURFACES = 60, 24
_SIZE = Preprocessing()


def _tilted(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    return cv2.warpAffine(image, cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1), (width, height))


# What radiographs must survive, the fixed corruptions among it, and negatives, which are to be refused.
_CHANGES = {
    "mirrored": lambda square: np.ascontiguousarray(square[:, ::-1]),
    "tilted": _tilted,
    **CORRUPTIONS,
    "negative": lambda square: 1 - square,
}


def measure_radiographs(name: str, records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Judge radiographs as they are and changed: figures by name of the set.

    Args:
        name: of the set.
        records: none of which fixed anything, or they are named so.
    """
    squares = [_SIZE.squash(decode(record.path).pixels) for record in records]
    patients = len({record.patient for record in records})
    changes = {"": lambda square: square, **{f"-{change}": function for change, function in _CHANGES.items()}}
    sets = {}
    for suffix, change in changes.items():
        with ThreadPoolExecutor() as pool:
            checks = list(pool.map(lambda square, change=change: _judge(change(square)), squares))
        figures = {"patients": patients, **_figures([_outcome(check) for check in checks])}
        figures["told_negative"] = sum(check is not None and check.message == NEGATIVE for check in checks)
        sets[f"{name}{suffix}"] = figures
    return sets


def measure_others(children: Sequence[Record], adults: Sequence[Record], seed: int) -> list[dict[str, Any]]:
    """Judge what is no upright frontal chest radiograph: figures of each kind.

    Args:
        children: radiographs that neither fitted nor fixed anything, to make outliers of.
        adults: the same of the other hospital.
        seed: of what is drawn, cut and chosen.

    Raises:
        DataError: if a package that pictures are taken from is not installed.
    """
    rows = []
    for source, kind, fitted, images in _others(children, adults, seed):
        judged = [_judge_upload(image) for image in images]
        row = {"kind": kind, "source": source, "fitted": fitted, "later": kind in LATER}
        row |= _figures([outcome for outcome, _ in judged])
        if kind in TURNED:
            row["told_how"] = sum(said in (ON_ITS_SIDE, UPSIDE_DOWN) for _, said in judged)
        rows.append(row)
    return rows


def pooled(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Figures of several kinds as one."""
    rows = list(rows)
    outcomes = [outcome for row in rows for outcome, count in row["outcomes"].items() for outcome in [outcome] * count]
    return {"kinds": len({row["kind"] for row in rows}), **_figures(outcomes)}


def _others(
    children: Sequence[Record], adults: Sequence[Record], seed: int
) -> Iterator[tuple[str, str, bool, list[np.ndarray]]]:
    """Source, kind, whether outliers of that kind were fitted, and the pictures, uint8 (H, W)."""
    found = found_pictures()
    found["parts of photographs"] = parts(found["photographs"], _PARTS_OF_PHOTOGRAPHS, _generator(seed, "photographs"))
    found["parts of surfaces"] = parts(found["photographed surfaces"], _PARTS_OF_SURFACES, _generator(seed, "surfaces"))
    for kind, images in found.items():
        yield "packages", kind, False, images
    for kind, draw in DRAWN.items():
        yield "drawn", kind, False, [draw(_generator(seed, kind, number)) for number in range(_PER_KIND)]
    for source, records in (("children", children), ("adults", adults)):
        chosen = _generator(seed, source).permutation(len(records))[:_PER_KIND]
        radiographs = [decode(records[index].path).pixels for index in chosen]
        for kind, change in OUTLIERS.items():
            made = [change(image, _generator(seed, kind, number)) for number, image in enumerate(radiographs)]
            yield source, kind, True, [enlarged(np.rint(image * 255).astype(np.uint8)) for image in made]


def _generator(seed: int, kind: str, number: int = 0) -> np.random.Generator:
    return np.random.default_rng((seed, zlib.crc32(kind.encode()), number))


def _judge_upload(image: np.ndarray) -> tuple[Outcome, str]:
    """Tell whether a picture is read, and what is said of it."""
    try:
        radiograph = decode(image)
    except ImageError as error:
        return "refused before", str(error)
    check = _judge(_SIZE.squash(radiograph.pixels))
    return _outcome(check), "" if check is None else check.message


def _judge(square: np.ndarray) -> Check | None:
    fields = load_lung_fields()
    return load_chest_check().judge(square, fields.segment(square), fields.segment)


def _outcome(check: Check | None) -> Outcome:
    return "read" if check is None else "refused" if check.status == "reject" else "warned"


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts, and the shares refused and warned with their exact 95 % intervals (Clopper and Pearson, 1934)."""
    counts = {outcome: outcomes.count(outcome) for outcome in ("read", "warned", "refused", "refused before")}
    return {
        "n": len(outcomes),
        "outcomes": counts,
        "refused": _share(counts["refused"] + counts["refused before"], len(outcomes)),
        "warned": _share(counts["warned"], len(outcomes)),
    }


def _share(count: int, n: int) -> dict[str, float]:
    return asdict(share_interval(count / n, n))
