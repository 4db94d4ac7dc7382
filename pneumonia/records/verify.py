"""Verification of a receipt: the image is read again, and each figure compared.

A receipt is not signed. What a reading found and what it was judged by cannot be changed in it without being found,
by whoever has the image and the weights; its time, the file's name, a comment and the versions it names are taken as
they stand.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pneumonia.core.correction import UNCHANGED, Correction
from pneumonia.core.operating_points import CUSTOM, OperatingPoint
from pneumonia.errors import ImageError
from pneumonia.imaging.decode import Radiograph, decode
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor
from pneumonia.records.receipt import Receipt, site_of
from pneumonia.records.versions import serving_versions, shared_hashes

# How far the logit may lie from the one on record.
TOLERANCE = 1e-5
# What follows from kept values without the network is the same but for rounding.
_ROUNDING = 1e-9
# Areas and shares of the lungs' network, in [0, 1].
_SHARE = 1e-3
_SHORT = 12
# What only an image that was read has.
_OF_READ = ("finding", "probability", "logit")


def verify(record: Mapping[str, Any], image_sha256: str, image: Path, predictor: Predictor) -> list[str]:
    """Read an image again and say what differs from a reading on record.

    Args:
        record: one of `Receipt.readings`.
        image_sha256: hash of the file's bytes.
        image: the file.
        predictor: of the variant, calibrated to the site if the reading was and the weights are the same.

    Returns:
        A sentence for each difference; none where the reading is the same.
    """
    differences = []
    if record["image_sha256"] not in (None, image_sha256):
        differences.append(
            f"image: the receipt is of another file. It had SHA-256 {record['image_sha256'][:_SHORT]}, this one has "
            f"{image_sha256[:_SHORT]}. A copy that was saved anew is another file, even if it looks the same."
        )
    if record["weights_sha256"] != predictor.weights_sha256:
        differences.append(
            f"weights: other ones. The receipt names SHA-256 {record['weights_sha256'][:_SHORT]}, these have "
            f"{predictor.weights_sha256[:_SHORT]} (version {predictor.version}). Name a folder of the others with "
            "--weights."
        )
    other_input = bool(differences)
    same_weights = record["weights_sha256"] == predictor.weights_sha256
    if same_weights:
        differences += _preprocessing(record, predictor)
    again = predictor.predict(_corrected(record, image), population=_chosen(record))
    if record["status"] != again.status:
        now = again.error or "it is read now"
        return [*differences, f"status: {record['status']} in the receipt, {again.status} now: {now}"]
    if again.status == "read":
        differences += _logit(record, again)
        differences += _population(record, again)
        if same_weights:
            differences += _judgement(record, predictor)
    else:
        differences += [f"{name}: a rejected image has none." for name in _OF_READ if record[name] is not None]
    if not other_input:
        differences += _checks(record, again)
    return differences


def other_versions(receipt: Receipt) -> list[str]:
    """Versions and hashes that are others now, besides the variants' weights; no difference if the readings agree."""
    now = {**serving_versions(), **shared_hashes()}
    return [
        f"{name} {_brief(then)} then, {_brief(now.get(name))} now"
        for name, then in receipt.made_with.items()
        if then != now.get(name)
    ]


def _preprocessing(record: Mapping[str, Any], predictor: Predictor) -> list[str]:
    now = asdict(predictor.preprocessor.record)
    then = record.get("preprocessing", now)
    return [
        f"preprocessing: {key!r} was {then.get(key)!r}, is {now.get(key)!r}."
        for key in dict.fromkeys((*now, *then))
        if then.get(key) != now.get(key)
    ]


def _logit(record: Mapping[str, Any], again: Prediction) -> list[str]:
    apart = abs(record["logit"] - again.logit)
    if apart <= TOLERANCE:
        return []
    return [
        f"logit: {record['logit']:.6f} in the receipt, {again.logit:.6f} now: {apart:.2g} apart, where {TOLERANCE:g} "
        "is allowed."
    ]


def _corrected(record: Mapping[str, Any], image: Path) -> Path | Radiograph:
    """The image as the reader turned or inverted it, where one did."""
    by = Correction.told_by([check["message"] for check in record["checks"]])
    with suppress(ImageError):  # which the predictor turns into a rejected reading
        return image if by == UNCHANGED else decode(image).corrected(by)
    return image


def _chosen(record: Mapping[str, Any]) -> str | None:
    """The population that the reader chose, if one was."""
    return record.get("population") if record.get("population_source") == "reader" else None


def _population(record: Mapping[str, Any], again: Prediction) -> list[str]:
    """Receipts of before there were two say nothing of it."""
    if "population" not in record:
        return []
    then, now = ((r["population"], r.get("population_source")) for r in (record, again.to_dict()))
    return [] if then == now else [f"population: {_said(*then)} in the receipt, {_said(*now)} now."]


def _said(population: str | None, source: str | None) -> str:
    return f"{population or 'not known'}, said by {source or 'nobody'}"


def _judgement(record: Mapping[str, Any], predictor: Predictor) -> list[str]:
    """Say where probability, threshold and finding do not follow from the logit on record, under this calibration."""
    calibration = predictor.calibration_for(record.get("population"))
    differences = [
        f"calibration: {name} {record[name]:.6f} in the receipt, {now:.6f} here."
        for name, now in (("temperature", calibration.temperature), ("offset", calibration.offset))
        if abs(record.get(name, now) - now) > _ROUNDING
    ]
    if (site := calibration.site and calibration.site.label) != site_of(record):
        differences.append(
            f"calibration: to {site_of(record) or 'no site'} in the receipt, to {site or 'no site'} here."
        )
    probability = calibration.probability(record["logit"])
    if abs(record["probability"] - probability) > _ROUNDING:
        differences.append(
            f"probability: {record['probability']:.6f} in the receipt, but this calibration makes {probability:.6f} of "
            "its logit."
        )
    point = _point(record, predictor)
    figures = {"threshold": record["threshold"], **record.get("operating_point_figures", {})}
    if abs(record["threshold"] - figures["threshold"]) > _ROUNDING:
        differences.append("threshold: the receipt holds two.")
    differences += [
        f"operating point {point.name}: {name} {then!r} in the receipt, {now} here."
        for name, now in asdict(point).items()
        if name in figures and not _same((then := figures[name]), now)
    ]
    finding = point.finding(record["probability"])
    if record["finding"] != finding:
        differences.append(
            f"finding: {record['finding']} in the receipt, but a probability of {record['probability']:.6f} is "
            f"{finding} at the operating point {point.name}."
        )
    return differences


def _point(record: Mapping[str, Any], predictor: Predictor) -> OperatingPoint:
    if record["operating_point"] == CUSTOM:
        return predictor.custom_point(record["threshold"], record.get("population"))
    return predictor.calibration_for(record.get("population")).operating_points[record["operating_point"]]


def _same(then: Any, now: Any, apart: float = _ROUNDING) -> bool:
    """Tell whether numbers of at most 1, or such numbers by name, lie no further apart than this."""
    if isinstance(now, dict):
        return isinstance(then, dict) and all(_same(then.get(key), value, apart) for key, value in now.items())
    if now is None:
        return then is None
    # A truth value is no number, and a whole one may be too large for a difference.
    return type(then) in (int, float) and abs(then) < 2 and abs(then - now) <= apart


def _checks(record: Mapping[str, Any], again: Prediction) -> list[str]:
    then = {(check["name"], check["status"], check["message"]) for check in record["checks"]}
    now = {(check.name, check.status, check.message) for check in again.checks}
    differences = [f"checks: only in the receipt: {_check(check)}" for check in sorted(then - now)]
    differences += [f"checks: only now: {_check(check)}" for check in sorted(now - then)]
    if record.get("error") != again.error:
        differences.append(f"error: {record.get('error')!r} in the receipt, {again.error!r} now.")
    read_again = again.to_dict()
    return differences + [
        f"{name.replace('_', ' ')}: {record[name]!r} in the receipt, {read_again[name]!r} now."
        for name in ("in_lung_share", "lung_area", "field_of_view")
        if name in record and not _same(record[name], read_again[name], _SHARE)
    ]


def _check(check: tuple[str, str, str]) -> str:
    name, status, message = check
    return f"{name} ({status}): {message!r}"


def _brief(value: Any) -> str:
    """A version, or the beginning of a hash."""
    return "unknown" if value is None else str(value)[:_SHORT]
