"""A reading on record, with all it takes to read the image again and to find the same."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, NamedTuple

from pneumonia import __version__
from pneumonia.errors import CalibrationError, ReceiptError
from pneumonia.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.numbers import is_number
from pneumonia.operating_points import OPERATING_POINTS, OWN, OperatingPoint
from pneumonia.predictor import Prediction, Predictor
from pneumonia.site_calibration import require_name
from pneumonia.versions import serving_versions, shared_hashes

# Compares a receipt with a new reading; RECEIPT and IMAGE stand for their paths.
VERIFY = "python scripts/verify_receipt.py RECEIPT IMAGE"

_CUT_OFF = (
    "The receipt is not valid JSON: it is cut off, or it is another kind of file. Name the receipt first, then the "
    "image: verify_receipt.py RECEIPT IMAGE"
)
_WORD, _HASH = re.compile("[A-Za-z0-9_.+-]+"), re.compile("[0-9a-f]{64}")
_NONE = "This JSON is no receipt of a reading: {what}."


class Judged(NamedTuple):
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
    readings: Sequence[Judged], made: datetime, unavailable: Mapping[str, str], name: str | None = None
) -> dict[str, Any]:
    """Readings of one image as plain JSON values.

    Whoever has the image and the weights of these hashes can read it again, and must get the same logit.

    Args:
        readings: one a variant.
        made: with its time zone.
        unavailable: why there is no reading by a variant, by variant.
        name: the file's, which may be a patient's; left out for None.
    """
    return {
        **({} if name is None else {"name": name}),
        "made": made.isoformat(timespec="seconds"),
        "program_version": __version__,
        "versions": serving_versions(),
        "weights_of_checks": shared_hashes(),
        "readings": [_record(judged) for judged in readings],
        "unavailable": dict(unavailable),
        "verify": VERIFY,
    }


def command(prediction: Prediction) -> str:
    """The command that reads the image anew; IMAGE stands for its path."""
    point = prediction.operating_point
    # A threshold of the reader's own has no name that the command knows.
    judged = f" --operating-point {point}" if point in OPERATING_POINTS else ""
    site = f" --site {prediction.calibration.label}" if prediction.calibration else ""
    return f"python scripts/predict.py IMAGE --variant {prediction.variant}{judged}{site} --format jsonl"


def reader_record(predictor: Predictor, operating_point: str) -> dict[str, Any]:
    """All that readings depend on beside the image, as plain JSON values: two readers of one record read alike.

    Args:
        predictor: that reads.
        operating_point: name of one of its operating points.
    """
    return {
        "program_version": __version__,
        "variant": predictor.variant,
        "weights_version": predictor.version,
        "weights_sha256": predictor.weights_sha256,
        "weights_of_checks": shared_hashes(),
        "temperature": predictor.temperature,
        "offset": predictor.offset,
        "site": predictor.calibration and predictor.calibration.label,
        "operating_point": asdict(predictor.operating_points[operating_point]),
    }


def _record(judged: Judged) -> dict[str, Any]:
    prediction, point, predictor = judged
    figures = asdict(point)
    del figures["name"]
    return {
        **prediction.to_dict(),
        "operating_point_figures": figures,
        # What turns the logit into a probability, and the image into the network's input: no hash of the network
        # covers these.
        "temperature": predictor.temperature,
        "offset": predictor.offset,
        "preprocessing": asdict(predictor.preprocessor.record),
        "weights_version": predictor.version,
        "command": command(prediction),
    }


class Receipt(NamedTuple):
    """What a file keeps of readings.

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
    """Label of the calibration to a site that a reading was judged with; None as shipped."""
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


def _value(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    # Python writes and reads NaN and Infinity; JSON has neither.
    raise ValueError(name)


def _named(value: Any) -> dict[str, str | None]:
    """Words by name; anything else is not shown on a terminal."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {
        name: word
        for name, word in pairs
        if _WORD.fullmatch(name) and (word is None or (isinstance(word, str) and _WORD.fullmatch(word)))
    }


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _is_check(value: Any) -> bool:
    if not (isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("name", "status", "message"))):
        return False
    return _WORD.fullmatch(value["name"]) is not None and value["status"] in ("ok", "warn", "reject")


def _is_site(value: Any) -> bool:
    try:
        # It becomes a file's name.
        require_name(value["name"])
        return date.fromisoformat(value["date"]).isoformat() == value["date"]
    except (CalibrationError, KeyError, TypeError, ValueError):
        return False


def _is_point(value: Any) -> bool:
    return isinstance(value, dict) and all(is_number(value.get(key)) for key in ("threshold", "low", "high"))


# What must be there, and what may be; of a rejected image the second may also be null.
_ALWAYS: dict[str, Callable[[Any], bool]] = {
    "status": lambda value: value in ("read", "rejected"),
    "variant": lambda value: isinstance(value, str),
    "operating_point": lambda value: value in (*OPERATING_POINTS, OWN),
    "threshold": lambda value: is_number(value) and 0 < value < 1,
    "weights_sha256": _is_hash,
    "checks": lambda value: isinstance(value, list) and all(map(_is_check, value)),
    "calibration": lambda value: value is None or _is_site(value),
}
_OF_READ: dict[str, Callable[[Any], bool]] = {
    "image_sha256": _is_hash,
    "logit": is_number,
    "probability": lambda value: is_number(value) and 0 <= value <= 1,
    "finding": lambda value: value in (NORMAL, PNEUMONIA, UNCERTAIN),
}
_ONLY_IN_RECEIPTS: dict[str, Callable[[Any], bool]] = {
    "temperature": is_number,
    "offset": is_number,
    "preprocessing": lambda value: isinstance(value, dict),
    "operating_point_figures": _is_point,
}


def _checked(reading: Any) -> dict[str, Any]:
    """A reading whose values are what they must be, with None for what a rejected image lacks."""
    if not isinstance(reading, dict):
        raise ReceiptError(_NONE.format(what="a reading is not an object"))
    rejected = reading.get("status") == "rejected"
    for group, fits in (
        (_ALWAYS, lambda key, fit: fit(reading.get(key))),
        (_OF_READ, lambda key, fit: fit(reading.get(key)) or (rejected and reading.get(key) is None)),
        (_ONLY_IN_RECEIPTS, lambda key, fit: key not in reading or fit(reading[key])),
    ):
        for key, fit in group.items():
            if not fits(key, fit):
                raise ReceiptError(_NONE.format(what=f"its {key} is missing or is not what it must be"))
    return {**dict.fromkeys((*_ALWAYS, *_OF_READ)), **reading}
