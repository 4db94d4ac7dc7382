"""A reading on record, with all it takes to read the image again and to find the same."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from annotated_types import Interval
from pydantic import StringConstraints
from typing_extensions import TypedDict

from pneumonia._version import __version__
from pneumonia.calibration.site import LONGEST_NAME, NAME
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import CUSTOM, OPERATING_POINTS, Number, OperatingPoint, Share
from pneumonia.errors import ReceiptError
from pneumonia.explain.region_test import Support
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor
from pneumonia.records.versions import serving_versions, shared_hashes
from pneumonia.utils.json_values import require_form

# Compares a receipt with a new reading; RECEIPT and IMAGE stand for their paths.
VERIFY = "python scripts/verify_receipt.py RECEIPT IMAGE"

_CUT_OFF = (
    "The receipt is not valid JSON: it is cut off, or it is another kind of file. Name the receipt first, then the "
    "image: pneumonia verify-receipt RECEIPT IMAGE"
)
_WORD = re.compile("[A-Za-z0-9_.+-]+")
_NONE = "This JSON is no receipt of a reading: {what}."


class JudgedPrediction(NamedTuple):
    """A reading with what it was read and judged by.

    Attributes:
        prediction: of an image that was not rejected.
        point: the operating point it was judged at.
        predictor: that read it, calibrated as it was judged.
    """

    prediction: Prediction
    point: OperatingPoint
    predictor: Predictor


def receipt(
    readings: Sequence[JudgedPrediction],
    made: datetime,
    unavailable: Mapping[str, str],
    name: str | None = None,
    comment: str = "",
    support: Support | None = None,
) -> dict[str, Any]:
    """Readings of one image as plain JSON values.

    Whoever has the image and the weights of these hashes can read it again, and must get the same logit.

    Args:
        readings: one a variant.
        made: with its time zone.
        unavailable: why there is no reading by a variant, by variant.
        name: the file's, which may be a patient's; left out for None.
        comment: the reader's own words; left out if there are none.
        support: whether the region that the one reading marks matters; None where that was not tested.
    """
    return {
        **({} if name is None else {"name": name}),
        **({"comment": comment} if comment else {}),
        "made": made.isoformat(timespec="seconds"),
        "program_version": __version__,
        "versions": serving_versions(),
        "weights_of_checks": shared_hashes(),
        "readings": [_record(judged) for judged in readings],
        "region_test": None if support is None else support.to_dict(),
        "unavailable": dict(unavailable),
        "verify": VERIFY,
    }


def command(prediction: Prediction) -> str:
    """The command that reads the image again; IMAGE stands for its path."""
    point = prediction.operating_point
    # A threshold of the reader's own has no name that the command knows.
    judged = f" --operating-point {point}" if point in OPERATING_POINTS else ""
    site = f" --site {prediction.calibration.label}" if prediction.calibration else ""
    # What the header and the picture say, they say again.
    whose = f" --population {prediction.population}" if prediction.population_source == "reader" else ""
    return f"python scripts/predict.py IMAGE --variant {prediction.variant}{judged}{whose}{site} --format jsonl"


def reader_record(predictor: Predictor, operating_point: str, population: str | None) -> dict[str, Any]:
    """All that readings depend on beside the image, as plain JSON values: two readers of one record read alike.

    Args:
        predictor: that reads.
        operating_point: name of one of its operating points.
        population: of all patients; None where each image tells.
    """
    return {
        "program_version": __version__,
        "variant": predictor.variant,
        "weights_version": predictor.version,
        "weights_sha256": predictor.weights_sha256,
        "weights_of_checks": shared_hashes(),
        "population": population,
        "calibrations": {
            name: {"temperature": of.temperature, "offset": of.offset, "site": of.site and of.site.label}
            for name, of in predictor.calibrations.items()
        },
        "operating_point": {
            name: asdict(of.operating_points[operating_point]) for name, of in predictor.calibrations.items()
        },
    }


def _record(judged: JudgedPrediction) -> dict[str, Any]:
    prediction, point, predictor = judged
    calibration = predictor.calibration_for(prediction.population)
    return {
        **prediction.to_dict(),
        "operating_point_figures": point.figures(),
        # What turns the logit into a probability, and the image into the network's input: no hash of the network
        # covers these.
        "temperature": calibration.temperature,
        "offset": calibration.offset,
        "preprocessing": asdict(predictor.preprocessor.record),
        "weights_version": predictor.version,
        "command": command(prediction),
    }


_Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
_Word = Annotated[str, StringConstraints(pattern=f"^{_WORD.pattern}$")]
_Finding = Annotated[str, StringConstraints(pattern=f"^({NORMAL}|{PNEUMONIA}|{UNCERTAIN})$")]
_PointName = Annotated[str, StringConstraints(pattern=f"^({'|'.join((*OPERATING_POINTS, CUSTOM))})$")]


class _Check(TypedDict):
    name: _Word
    status: Literal["ok", "warn", "reject"]
    message: str


class _Site(TypedDict):
    # They become a file's name.
    name: Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$", max_length=LONGEST_NAME)]
    date: Annotated[str, StringConstraints(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class _Point(TypedDict):
    threshold: Number
    low: Number
    high: Number


class _Reading(TypedDict):
    """The keys that verification reads; others may be there. Those that may be missing are only in receipts
    of the page."""

    status: Literal["read", "rejected"]
    variant: str
    operating_point: _PointName
    threshold: Annotated[Number, Interval(gt=0, lt=1)]
    weights_sha256: _Hash
    checks: list[_Check]
    population: NotRequired[Literal["children", "adults"] | None]
    population_source: NotRequired[Literal["header", "reader", "picture"] | None]
    calibration: NotRequired[_Site | None]
    temperature: NotRequired[Number]
    offset: NotRequired[Number]
    preprocessing: NotRequired[dict[str, Any]]
    operating_point_figures: NotRequired[_Point]


class _Rejected(_Reading):
    """The same of a rejected image."""

    image_sha256: NotRequired[_Hash | None]
    logit: NotRequired[Number | None]
    probability: NotRequired[Share | None]
    finding: NotRequired[_Finding | None]


class _Read(_Reading):
    """The same of any other image."""

    image_sha256: _Hash
    logit: Number
    probability: Share
    finding: _Finding


class Receipt(NamedTuple):
    """The readings of one file.

    Attributes:
        readings: with the keys of `Prediction.to_dict()`, each value of its type; those that only the page's receipts
            have may be missing.
        made_with: versions and hashes of what was used besides the variant's weights, by name; empty where the file
            does not say. None for what could not be loaded.
    """

    readings: tuple[dict[str, Any], ...]
    made_with: dict[str, str | None]


def read_receipt(contents: bytes) -> Receipt:
    """Read a receipt: what `receipt` gave, as JSON, or lines that `predict.py --format jsonl` wrote.

    Raises:
        ReceiptError: if it is neither.
    """
    values = _json(contents)
    first = values[0] if len(values) == 1 and isinstance(values[0], dict) else {}
    readings = first.get("readings", values)
    if not (isinstance(readings, list) and readings):
        raise ReceiptError(_NONE.format(what="it holds no readings"))
    made_with = {**_named(first.get("versions")), **_named(first.get("weights_of_checks"))}
    return Receipt(tuple(map(_checked, readings)), made_with)


def site_of(reading: Mapping[str, Any]) -> str | None:
    """Label of the calibration to a site that a reading was judged with; None as published."""
    site = reading["calibration"]
    return None if site is None else f"{site['date']}-{site['name']}"


def _json(contents: bytes) -> list[Any]:
    """One JSON value, or one on each line."""
    try:
        text = contents.decode("utf-8-sig")
        try:
            return [_value(text)]
        except ValueError:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) < 2:
                raise
            return [_value(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise ReceiptError(_CUT_OFF) from error


def _refuse_constant(name: str) -> None:
    # Python writes and reads NaN and Infinity; JSON has neither.
    raise ValueError(name)


_value = partial(json.loads, parse_constant=_refuse_constant)


def _named(value: Any) -> dict[str, str | None]:
    """Words by name; anything else is not shown on a terminal."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {
        name: word
        for name, word in pairs
        if _WORD.fullmatch(name) and (word is None or (isinstance(word, str) and _WORD.fullmatch(word)))
    }


def _checked(reading: Any) -> dict[str, Any]:
    """A reading whose values are what they must be, with None for what a rejected image lacks."""
    if not isinstance(reading, dict):
        raise ReceiptError(_NONE.format(what="a reading is not an object"))
    rejected = reading.get("status") == "rejected"
    try:
        require_form(_Rejected if rejected else _Read, reading)
    except ValueError as error:
        raise ReceiptError(_NONE.format(what=error)) from error
    return {**dict.fromkeys(("calibration", "image_sha256", "logit", "probability", "finding")), **reading}
