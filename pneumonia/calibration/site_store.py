"""The files of calibrations to sites, beside the weights."""

import os
from pathlib import Path

from pneumonia.calibration.site import SiteCalibration
from pneumonia.errors import CalibrationError
from pneumonia.utils.atomic_files import write_atomic
from pneumonia.weights.folder import INSTALLED, WEIGHTS_FOLDER

# Weights folders are hashed as a whole and never change, so these files lie beside them, in a folder a variant; with
# the user where an update of the package would take them away.
SITES_FOLDER = Path(os.path.expanduser("~/.pneumonia/sites")) if INSTALLED else WEIGHTS_FOLDER / "sites"
_ENDING = ".json"
# Of the date in front of a name.
_DATE = len("2000-01-01-")
_NOT_WRITTEN = (
    "The calibration could not be written beside the weights: {}. Choose a folder that you may write to with --output."
)


def save_site(site: SiteCalibration, folder: Path = SITES_FOLDER) -> Path:
    """Write a calibration into its variant's folder among the calibrations to sites, and give the file's path.

    Raises:
        CalibrationError: if the network is not usable at the site, if there is one of that name and of that day or
            a later one already, or if the folder cannot be written to.
    """
    if not site.usable:
        raise CalibrationError(site.advice)
    require_place(folder, site.variant, site.name, site.date)
    path = folder / site.variant / (site.label + _ENDING)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, site.to_bytes())
    except OSError as error:
        raise CalibrationError(_NOT_WRITTEN.format(error.strerror)) from error
    return path


def require_place(folder: Path, variant: str, name: str, date: str) -> None:
    """Make sure, before it is made, that a calibration could be kept.

    Raises:
        CalibrationError: if there is one of that name and of that day or a later one already, or if the folder cannot
            be written to.
    """
    label = f"{date}-{name}"
    there = [file.stem for file in _files(variant, folder) if file.stem[_DATE:] == name]
    if label in there:
        raise CalibrationError(
            f"There is a calibration {label} for {variant} already. Choose another name, or delete it."
        )
    if there and there[-1] > label:
        raise CalibrationError(
            f"This machine's clock shows {date}, but there is a calibration {there[-1]} for {variant}. As the newer "
            "one it would be used instead of this one. Set the clock, or delete that calibration."
        )
    inside = folder.absolute() / variant
    nearest = next(place for place in (inside, *inside.parents) if place.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise CalibrationError(_NOT_WRITTEN.format("its folder cannot be made or is read-only"))


def load_site_calibration(site: str, variant: str, folder: Path = SITES_FOLDER) -> SiteCalibration:
    """Find and read a calibration.

    Args:
        site: name of the site, for its newest calibration; the same with a date in front; or path of a JSON file.
        variant: name of the network.
        folder: of the calibrations to sites.

    Raises:
        CalibrationError: if there is none, or it cannot be used.
    """
    if site.endswith(_ENDING):
        return _read(Path(site))
    saved = _files(variant, folder)
    # Dates sort as text.
    matching = [path for path in saved if site in (path.stem, path.stem[_DATE:])]
    if not matching:
        there = f"; there are {', '.join(path.stem for path in saved)}" if saved else ""
        raise CalibrationError(
            f"There is no calibration {site!r} for {variant}{there}. Make one with pneumonia recalibrate."
        )
    return _read(matching[-1])


def saved_sites(variant: str, weights_sha256: str, folder: Path = SITES_FOLDER) -> list[SiteCalibration]:
    """All calibrations to sites that fit a network, oldest first; others are left out."""
    sites = []
    for path in _files(variant, folder):
        try:
            site = _read(path)
        except CalibrationError:
            # It may be of an older version of the weights or of the program, and is no hindrance to a reading.
            continue
        if site.weights_sha256 == weights_sha256:
            sites.append(site)
    return sites


def _files(variant: str, folder: Path) -> list[Path]:
    return sorted((folder / variant).glob(f"*{_ENDING}"))


def _read(path: Path) -> SiteCalibration:
    try:
        return SiteCalibration.from_bytes(path.read_bytes())
    except OSError as error:
        raise CalibrationError(f"The calibration {path.name} cannot be read: {error.strerror}.") from error
