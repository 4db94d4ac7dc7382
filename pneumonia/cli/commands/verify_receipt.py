"""Read an image again and compare with the receipt of its reading: the JSON of the page's report, or a line that
pneumonia predict --format jsonl wrote."""

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pneumonia.calibration.site_store import load_site_calibration
from pneumonia.cli.arguments import add_weights
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.terminal import load_quietly
from pneumonia.core.notices import NOTICE
from pneumonia.errors import CalibrationError, ReceiptError, WeightsError
from pneumonia.imaging.decode import MAX_BYTES
from pneumonia.inference.predictor import Predictor
from pneumonia.records.receipt import Receipt, read_receipt, site_of
from pneumonia.records.verify import TOLERANCE, other_versions, verify

_MOST_RECEIPT_BYTES = 50_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", type=Path, metavar="RECEIPT")
    parser.add_argument("image", type=Path, metavar="IMAGE")
    add_weights(parser)
    parser.add_argument("--site", metavar="FILE", help="the calibration's JSON file, if it is not among weights/sites")


def run(arguments: argparse.Namespace) -> int:
    receipt = read_receipt(_bytes(arguments.receipt, _MOST_RECEIPT_BYTES, "receipt"))
    image_sha256 = hashlib.sha256(_bytes(arguments.image, MAX_BYTES, "image")).hexdigest()
    given = load_quietly(weights=arguments.weights) if arguments.weights else None
    if given and given.variant not in (reading["variant"] for reading in receipt.readings):
        raise WeightsError(f"The weights folder holds {given.variant}, which is not what the receipt is of.")
    some_differ = False
    for reading in _of_image(receipt, image_sha256):
        predictor = _predictor(reading, given, arguments.site)
        differences = verify(reading, image_sha256, arguments.image, predictor)
        some_differ |= bool(differences)
        print(_differs(reading, differences) if differences else _same(reading))
    if others := other_versions(receipt):
        print(f"Made with other versions: {'; '.join(others)}.")
    print(NOTICE, file=sys.stderr)
    return SOME_REJECTED if some_differ else DONE


def _bytes(path: Path, most: int, what: str) -> bytes:
    if path.is_dir():
        raise ReceiptError(
            f"The {what} is a folder. Name a receipt and an image: pneumonia verify-receipt RECEIPT IMAGE"
        )
    with path.open("rb") as file:
        contents = file.read(most + 1)
    if len(contents) > most:
        raise ReceiptError(f"The {what} is larger than {most // 10**6} MB.")
    return contents


def _of_image(receipt: Receipt, image_sha256: str) -> Sequence[Mapping[str, Any]]:
    """The readings of this image, of several images; all of them if there is none, so that each says so."""
    matching = [reading for reading in receipt.readings if reading["image_sha256"] == image_sha256]
    return matching or list(receipt.readings)


def _predictor(reading: Mapping[str, Any], given: Predictor | None, site: str | None) -> Predictor:
    variant, label = reading["variant"], site_of(reading)
    predictor = given if given and given.variant == variant else load_quietly(variant)
    # A calibration fits the network it was made for and no other.
    asked = site or label
    if predictor.weights_sha256 != reading["weights_sha256"] or asked is None:
        return predictor
    try:
        return predictor.recalibrated(load_site_calibration(asked, variant))
    except CalibrationError as error:
        if site is not None:
            raise
        raise ReceiptError(f"The reading was calibrated to a site. {error} Or name its file with --site.") from error


def _same(reading: Mapping[str, Any]) -> str:
    if reading["status"] == "read":
        return (
            f"same: {reading['variant']} reads this image again as {reading['finding']}, with the logit "
            f"{reading['logit']:.6f} (to {TOLERANCE:g}), the probability, the threshold and the checks of the receipt"
        )
    # Of what cannot be decoded no hash is kept.
    sure = "" if reading["image_sha256"] else "; the receipt has no hash that would show whether it is the same file"
    return f"same: {reading['variant']} rejects this image again, for the same reason{sure}"


def _differs(reading: Mapping[str, Any], differences: list[str]) -> str:
    return "\n  ".join((f"differs: {reading['variant']}", *differences))
