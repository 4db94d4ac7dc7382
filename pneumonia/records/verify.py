"""Verification of a receipt: the image is read again, and each figure compared.

A receipt is not signed. What a reading found and what it was judged by cannot be changed in it without being found,
by whoever has the image and the weights; its time, the file's name and the versions it names are taken as they stand.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pneumonia.core.operating_points import CUSTOM, OperatingPoint
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


def verify(kept: Mapping[str, Any], image_sha256: str, image: Path, predictor: Predictor) -> list[str]:
    """Read an image again and say what differs from a reading on record.

    Args:
        kept: one of `Receipt.readings`.
        image_sha256: hash of the file's bytes.
        image: the file.
        predictor: of the variant, calibrated to the site if the reading was and the weights are the same.

    Returns:
        A sentence for each difference; none where the reading is the same.
    """
    said = []
    if kept["image_sha256"] not in (None, image_sha256):
        said.append(
            f"image: the receipt is of another file. It had SHA-256 {kept['image_sha256'][:_SHORT]}, this one has "
            f"{image_sha256[:_SHORT]}. A copy that was saved anew is another file, even if it looks the same."
        )
    if kept["weights_sha256"] != predictor.weights_sha256:
        said.append(
            f"weights: other ones. The receipt names SHA-256 {kept['weights_sha256'][:_SHORT]}, these have "
            f"{predictor.weights_sha256[:_SHORT]} (version {predictor.version}). Name a folder of the others with "
            "--weights."
        )
    other_case = bool(said)
    same_weights = kept["weights_sha256"] == predictor.weights_sha256
    if same_weights:
        said += _preprocessing(kept, predictor)
    again = predictor.predict(image)
    if kept["status"] != again.status:
        now = again.error or "it is read now"
        return [*said, f"status: {kept['status']} in the receipt, {again.status} now: {now}"]
    if again.status == "read":
        said += _logit(kept, again)
        if same_weights:
            said += _judgement(kept, predictor)
    else:
        said += [f"{name}: a rejected image has none." for name in _OF_READ if kept[name] is not None]
    if not other_case:
        said += _checks(kept, again)
    return said


def other_versions(receipt: Receipt) -> list[str]:
    """Versions and hashes that are others now, besides the variants' weights; no difference if the readings agree."""
    now = {**serving_versions(), **shared_hashes()}
    return [
        f"{name} {_brief(then)} then, {_brief(now.get(name))} now"
        for name, then in receipt.made_with.items()
        if then != now.get(name)
    ]


def _preprocessing(kept: Mapping[str, Any], predictor: Predictor) -> list[str]:
    now = asdict(predictor.preprocessor.record)
    then = kept.get("preprocessing", now)
    return [
        f"preprocessing: {key!r} was {then.get(key)!r}, is {now.get(key)!r}."
        for key in dict.fromkeys((*now, *then))
        if then.get(key) != now.get(key)
    ]


def _logit(kept: Mapping[str, Any], again: Prediction) -> list[str]:
    apart = abs(kept["logit"] - again.logit)
    if apart <= TOLERANCE:
        return []
    return [
        f"logit: {kept['logit']:.6f} in the receipt, {again.logit:.6f} now: {apart:.2g} apart, where {TOLERANCE:g} is "
        "allowed."
    ]


def _judgement(kept: Mapping[str, Any], predictor: Predictor) -> list[str]:
    """Say where probability, threshold and finding do not follow from the logit on record, under this calibration."""
    calibration = predictor.calibration
    said = [
        f"calibration: {name} {kept[name]:.6f} in the receipt, {now:.6f} here."
        for name, now in (("temperature", calibration.temperature), ("offset", calibration.offset))
        if abs(kept.get(name, now) - now) > _ROUNDING
    ]
    if (site := calibration.site and calibration.site.label) != site_of(kept):
        said.append(f"calibration: to {site_of(kept) or 'no site'} in the receipt, to {site or 'no site'} here.")
    probability = calibration.probability(kept["logit"])
    if abs(kept["probability"] - probability) > _ROUNDING:
        said.append(
            f"probability: {kept['probability']:.6f} in the receipt, but this calibration makes {probability:.6f} of "
            "its logit."
        )
    point = _point(kept, predictor)
    figures = {"threshold": kept["threshold"], **kept.get("operating_point_figures", {})}
    if abs(kept["threshold"] - figures["threshold"]) > _ROUNDING:
        said.append("threshold: the receipt holds two.")
    said += [
        f"operating point {point.name}: {name} {then!r} in the receipt, {now} here."
        for name, now in asdict(point).items()
        if name in figures and not _same((then := figures[name]), now)
    ]
    finding = point.finding(kept["probability"])
    if kept["finding"] != finding:
        said.append(
            f"finding: {kept['finding']} in the receipt, but a probability of {kept['probability']:.6f} is {finding} "
            f"at the operating point {point.name}."
        )
    return said


def _point(kept: Mapping[str, Any], predictor: Predictor) -> OperatingPoint:
    if kept["operating_point"] == CUSTOM:
        return predictor.thresholds().custom_point(kept["threshold"])
    return predictor.operating_points[kept["operating_point"]]


def _same(then: Any, now: Any, apart: float = _ROUNDING) -> bool:
    """Tell whether numbers of at most 1, or such numbers by name, lie no further apart than this."""
    if isinstance(now, dict):
        return isinstance(then, dict) and all(_same(then.get(key), value, apart) for key, value in now.items())
    if now is None:
        return then is None
    # A truth value is no number, and a whole one may be too large for a difference.
    return type(then) in (int, float) and abs(then) < 2 and abs(then - now) <= apart


def _checks(kept: Mapping[str, Any], again: Prediction) -> list[str]:
    then = {(check["name"], check["status"], check["message"]) for check in kept["checks"]}
    now = {(check.name, check.status, check.message) for check in again.checks}
    said = [f"checks: only in the receipt: {_check(check)}" for check in sorted(then - now)]
    said += [f"checks: only now: {_check(check)}" for check in sorted(now - then)]
    if kept.get("error") != again.error:
        said.append(f"error: {kept.get('error')!r} in the receipt, {again.error!r} now.")
    record = again.to_dict()
    return said + [
        f"{name.replace('_', ' ')}: {kept[name]!r} in the receipt, {record[name]!r} now."
        for name in ("in_lung_share", "lung_area", "field_of_view")
        if name in kept and not _same(kept[name], record[name], _SHARE)
    ]


def _check(check: tuple[str, str, str]) -> str:
    name, status, message = check
    return f"{name} ({status}): {message!r}"


def _brief(value: Any) -> str:
    """A version, or the beginning of a hash."""
    return "unknown" if value is None else str(value)[:_SHORT]
