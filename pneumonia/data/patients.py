"""Patients of images: told by names, by a pattern, or by a table; or unknown, which is never guessed."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pneumonia.core.patient_sources import NAMES, PATTERN, TABLE
from pneumonia.data.tables import FILE, PATIENT, read_rows
from pneumonia.errors import DataError

# Names that are known to carry a patient, and the group that such a name puts an image in. A number that two series of
# a set share (`person5_bacteria`, `person5_virus`; both series of normals) is kept together to be safe.
_KNOWN = tuple(
    (re.compile(rf"(?:^|/){pattern}"), group)
    for pattern, group in (
        # Kermany et al. as on Kaggle: person5_virus_12, IM-0117-0001, NORMAL2-IM-0117-0001-0002.
        (r"person(\d+)_[^/]*$", "person-{}"),
        # Programs that export series use IM- too, for the number of a series in a patient's folder, so such names count
        # in the class folder alone.
        (r"(?:(?i:NORMAL)/|(?<!/))(?:NORMAL2-)?IM-(\d+)-[^/]*$", "im-{}"),
        # The same on Mendeley Data: BACTERIA-1008087-0001, disease, patient and number of the image.
        (r"(?:NORMAL|BACTERIA|VIRUS)-(\d+)-\d+\.[^/]*$", "mendeley-{}"),
        # NIH ChestX-ray8 has 30,805 patients: 00001280_004. A date in front would have another first digit.
        (r"(000\d{5})_\d{3}(?:\.[^/]*)?$", "nih-{}"),
        # MIMIC-CXR: p10/p10000032/s50414267/(hash).
        (r"p(\d{8})/s\d{8}/", "mimic-{}"),
        # CheXpert: patient00001/study1/view1_frontal; and whatever else says patient and a number.
        (r"[Pp]atient[-_ ]?(\d+)(?=[-_ ./]|$)", "patient-{}"),
        # BIDS, as in BIMCV: sub-S03047_ses-E07985_(...).
        (r"sub-([A-Za-z0-9]+)[_/]", "sub-{}"),
    )
)


@dataclass(frozen=True)
class Patients:
    """A source of the patients of images.

    Attributes:
        source: `NAMES`, `PATTERN` or `TABLE`.
        of: from places of images, which are paths below the data folder with slashes, to their patients, None where
            one is unknown. Raises DataError if what was given to tell them does not fit these images.
        table: the file that tells them, if one does.
    """

    source: str
    of: Callable[[Sequence[str]], list[str | None]]
    table: Path | None = None


def patient_of(place: str) -> str | None:
    """The patient that a file's name tells, with folders above it if there are any; None for names of other kinds."""
    for pattern, group in _KNOWN:
        if match := pattern.search(place):
            return group.format(int(match[1]) if match[1].isdecimal() else match[1])
    return None


BY_NAME = Patients(NAMES, lambda places: [patient_of(place) for place in places])


def by_pattern(pattern: re.Pattern) -> Patients:
    """Patients told by the one group of a pattern, which is searched for in the place of each image."""

    def of(places: Sequence[str]) -> list[str | None]:
        matches = [pattern.search(place) for place in places]
        patients = [match[1] if match else None for match in matches]
        if missing := [place for place, patient in zip(places, patients, strict=True) if not patient]:
            raise DataError(
                f"The pattern tells no patient of {_share(missing, places)}, for instance {missing[0]!r}. Give one "
                "that fits every path below the data folder, or a table with --patients."
            )
        return patients

    return Patients(PATTERN, of)


def by_table(path: Path) -> Patients:
    """Patients told by a CSV table with the columns `file` and `patient`.

    A file is its path below the data folder, or the end of that, as far as only one image has it; a patient that is
    left empty is unknown.

    Raises:
        DataError: if the table cannot be read, or names one file twice with different patients.
    """
    patients: dict[str, str] = {}
    for _, row in read_rows(path, PATIENT):
        if patients.setdefault(row[FILE], row[PATIENT]) != row[PATIENT]:
            raise DataError(f"{path.name} gives a file two patients. Keep one row for each file.")

    def of(places: Sequence[str]) -> list[str | None]:
        keys = [next((end for end in _ends(place) if end in patients), None) for place in places]
        if missing := [place for place, key in zip(places, keys, strict=True) if key is None]:
            raise DataError(
                f"{path.name} lacks {_share(missing, places)}, for instance {missing[0]!r}. Add a row for each: its "
                "path below the data folder, or the end of that, and an empty patient where it is unknown."
            )
        if several := [key for key, count in Counter(keys).items() if count > 1]:
            raise DataError(
                f"{path.name} has {len(several):,} of its rows for several images, for instance {several[0]!r}. Write "
                "files with their folders, as they lie below the data folder."
            )
        return [patients[key] or None for key in keys if key is not None]

    return Patients(TABLE, of, path)


def _ends(place: str) -> list[str]:
    parts = PurePosixPath(place).parts
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _share(some: Sequence[str], places: Sequence[str]) -> str:
    return f"{len(some):,} of {len(places):,} images"
