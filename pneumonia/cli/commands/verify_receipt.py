"""Read an image again and compare with the receipt of its reading: the JSON of the page's report, or a line that
predict.py --format jsonl wrote."""

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pneumonia.calibration.site_store import load_site_calibration
from pneumonia.cli.native_messages import without_native_messages
from pneumonia.core.notices import NOTICE
from pneumonia.errors import CalibrationError, ReceiptError, WeightsError
from pneumonia.imaging.decode import MAX_BYTES
from pneumonia.inference.predictor import Predictor, load_predictor
from pneumonia.records.receipt import Receipt, read_receipt, site_of
from pneumonia.records.verify import TOLERANCE, other_versions, verify

_MOST_RECEIPT_BYTES = 50_000_000
SAME, DIFFERS = 0, 1


def parse_arguments(argv: Sequence[str] | None, prog: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("receipt", type=Path, metavar="RECEIPT")
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument("--weights", type=Path, help="weights folder (default: the one that comes with the project)")
    parser.add_argument("--site", metavar="FILE", help="the calibration's JSON file, if it is not among weights/sites")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    arguments = parse_arguments(argv, prog)
    receipt = read_receipt(_bytes(arguments.receipt, _MOST_RECEIPT_BYTES, "receipt"))
    image_sha256 = hashlib.sha256(_bytes(arguments.image, MAX_BYTES, "image")).hexdigest()
    with without_native_messages():
        given = load_predictor(weights=arguments.weights) if arguments.weights else None
    if given and given.variant not in (kept["variant"] for kept in receipt.readings):
        raise WeightsError(f"The weights folder holds {given.variant}, which is not what the receipt is of.")
    some_differ = False
    for kept in _of_image(receipt, image_sha256):
        predictor = _predictor(kept, given, arguments.site)
        said = verify(kept, image_sha256, arguments.image, predictor)
        some_differ |= bool(said)
        print(_differs(kept, said) if said else _same(kept))
    if others := other_versions(receipt):
        print(f"Made with other versions: {'; '.join(others)}.")
    print(NOTICE, file=sys.stderr)
    return DIFFERS if some_differ else SAME


def _bytes(path: Path, most: int, what: str) -> bytes:
    if path.is_dir():
        raise ReceiptError(f"The {what} is a folder. Name a receipt and an image: verify_receipt.py RECEIPT IMAGE")
    with path.open("rb") as file:
        contents = file.read(most + 1)
    if len(contents) > most:
        raise ReceiptError(f"The {what} is larger than {most // 10**6} MB.")
    return contents


def _of_image(receipt: Receipt, image_sha256: str) -> Sequence[Mapping[str, Any]]:
    """The readings of this image, of several images; all of them if there is none, so that each says so."""
    matching = [kept for kept in receipt.readings if kept["image_sha256"] == image_sha256]
    return matching or list(receipt.readings)


def _predictor(kept: Mapping[str, Any], given: Predictor | None, site: str | None) -> Predictor:
    variant, label = kept["variant"], site_of(kept)
    with without_native_messages():
        predictor = given if given and given.variant == variant else load_predictor(variant)
    # A calibration fits the network it was made for and no other.
    asked = site or label
    if predictor.weights_sha256 != kept["weights_sha256"] or asked is None:
        return predictor
    try:
        return predictor.recalibrated(load_site_calibration(asked, variant))
    except CalibrationError as error:
        if site is not None:
            raise
        raise ReceiptError(f"The reading was calibrated to a site. {error} Or name its file with --site.") from error


def _same(kept: Mapping[str, Any]) -> str:
    if kept["status"] == "read":
        return (
            f"same: {kept['variant']} reads this image again as {kept['finding']}, with the logit {kept['logit']:.6f} "
            f"(to {TOLERANCE:g}), the probability, the threshold and the checks of the receipt"
        )
    # Of what cannot be decoded no hash is kept.
    sure = "" if kept["image_sha256"] else "; the receipt has no hash that would show whether it is the same file"
    return f"same: {kept['variant']} rejects this image again, for the same reason{sure}"


def _differs(kept: Mapping[str, Any], said: list[str]) -> str:
    return "\n  ".join((f"differs: {kept['variant']}", *said))
