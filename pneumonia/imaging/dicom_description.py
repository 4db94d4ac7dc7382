"""Facts and warnings from a DICOM header: whether it is of a frontal chest radiograph, and whose it may be.

A view, or a part of the body, may stand in several elements, as a word or as a code of SNOMED CT. Whichever says that
this is no frontal chest radiograph counts. Any may be filled with any text: only known terms are repeated.

Raw data (FOR PROCESSING) is warned of and not refused, as it depends on the device what becomes of it. Of 40 normals,
changed into values in proportion to the exposure (with exponents of 2, 3 and 4), 12, 19 and 28 readings changed (the
finding, or the probability by over 0.1); of 40 changed into its logarithm, none
(`tests/unit/imaging/test_dicom_rates.py`). Where black and white are the wrong way round, it is refused as a
negative. The header of CR has no such element.
"""

import functools
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pydicom import Dataset
from pydicom.multival import MultiValue

from pneumonia.errors import UnsupportedImageError
from pneumonia.imaging.dicom_values import PYDICOM_ERRORS, code, first, items

# Sets of terms, separated by blanks.
TAGS = """
SOPClassUID ImageType Modality PresentationIntentType BurnedInAnnotation PatientAge PatientOrientation ImageLaterality
BodyPartExamined AnatomicRegionSequence PrimaryAnatomicStructureSequence ViewPosition ViewCodeSequence
AcquisitionDeviceProcessingDescription
"""
PROGRAM = "AcquisitionDeviceProcessingDescription"
SAYS, CHOOSE = "The DICOM header says this", "Choose a frontal chest radiograph."
# Read for the patient's age alone, and deleted at once.
DATES = "PatientBirthDate AcquisitionDate ContentDate SeriesDate StudyDate"
RADIOGRAPHY = "CR DX DR RG XA"
# Modalities that are never a plain projection of the chest (PS3.3 C.7.3.1.1.1).
NOT_RADIOGRAPHY = """
AR BDUS BI BMD CT DG DOC ECG EPS ES FID GM HC HD IO IVOCT IVUS KER KO LEN LS MG MR MS NM OAM OCT OP OPM OPT
OPV PLAN PR PT PX REG RESP RTDOSE RTIMAGE RTPLAN RTRECORD RTSTRUCT SEG SM SMR SR SRF STAIN TG US VA XC
"""
CHEST = "CHEST LUNG LUNGS THORAX THORACIC HEART MEDIASTINUM MEDIASTINAL RIB RIBS TORAX PULMON"
# Terms of Body Part Examined (PS3.16 annex L), words of the codes of CID 4031, and spellings in use, that name a part
# other than the chest.
NOT_CHEST = """
ABDOMEN ABDOMINAL ANKLE ANUS ARM BILE BILIARY BLADDER BREAST CALCANEUS CERVICALSPINE COCCYX COLON CRANIAL CRANIUM CSPINE
DUODENUM ELBOW EXTREMITIES EXTREMITY EYE FACE FACIAL FEMUR FIBULA FINGER FOOT FOREARM GALLBLADDER HAND HEAD HIP HUMERUS
ILEUM ILIUM INTESTINE JAW JEJUNUM KIDNEY KNEE LEG LIMB LIVER LOWEREXTREMITY LSPINE LSSPINE LUMBARSPINE MANDIBLE MASTOID
MAXILLA NASAL NECK NOSE ORBIT ORBITAL PATELLA PELVIC PELVIS PHANTOM PROSTATE RADIUS RECTUM SACROILIAC SACRUM SCAPULA
SHOULDER SINUS SKULL SPINE SSPINE STOMACH TARSAL TEETH THIGH THORACICSPINE THUMB TIBIA TOE TSPINE ULNA UPPEREXTREMITY
URETER URETHRA URINARY UTERUS WRIST ZYGOMA
"""
FRONTAL_VIEWS = "AP PA FRONTAL"
LATERAL_VIEWS = "LATERAL LAT LL RL SAGITTAL MEDIOLATERAL LATEROMEDIAL"
UNUSUAL_VIEWS = "LLD RLD LLO RLO LAO RAO LPO RPO OBLIQUE DECUBITUS LORDOTIC AXIAL"
# How codes and people write some of these.
SPELLINGS = {
    "ANTEROPOSTERIOR": "AP",
    "POSTEROANTERIOR": "PA",
    "LATERALMEDIAL": "LATEROMEDIAL",
    "MEDIALLATERAL": "MEDIOLATERAL",
    "LATEROMEDIALOBLIQUE": "OBLIQUE",
    "MEDIOLATERALOBLIQUE": "OBLIQUE",
}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # SOP class, and the beginning of its multi-frame variants
SECONDARY_CAPTURE_WARNING = "This is a copy or a scan; its grey values may be altered. Compare it with the original."
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"  # SOP class: Digital X-Ray Image Storage - For Processing
# Of the type of the pictures that this program draws of its readings.
OVERLAY_TYPE = "EVIDENCE_OVERLAY"
OLDEST_SHOWN = 90  # an age above 89 counts as identifying (HIPAA Safe Harbor)
OLDEST = 130  # years; dates that say more are made up

# Designators of its codes: of SNOMED CT, and of those before it, which were given other names with time.
SNOMED = "SCT SRT SNM3 99SDM"
# Codes that the older editions of PS3.16 CID 4010 have in place of what pydicom's table has.
OLDER_VIEWS = {"R-10214": "272479007", "R-10218": "399356000", "R-10222": "30730003"}


def take_age(dataset: Dataset) -> float | None:
    """Return the patient's age in years, as stated or by the dates of birth and of the picture, and delete the dates.

    From dates it is given in whole years, below two in whole months: a finer age would give the day of birth away.
    """
    born, *taken = (_date(first(dataset, keyword)) for keyword in DATES.split())
    for keyword in DATES.split():
        dataset.pop(keyword, None)
    # Three digits by the standard, which not all who write one keep to.
    if stated := re.fullmatch(r"(\d{1,3})([DWMY])", code(dataset, "PatientAge")):
        return round(int(stated[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[stated[2]], 2)
    day = next(filter(None, taken), None)
    if not born or not day:
        return None
    months = 12 * (day.year - born.year) + day.month - born.month - (day.day < born.day)
    if not 0 <= months < 12 * OLDEST:
        return None
    return round(months / 12, 2) if months < 24 else float(months // 12)


def describe(dataset: Dataset, years: float | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what may be shown of the header, and warnings by name.

    Args:
        dataset: the header.
        years: the patient's age, as `take_age` gives it.

    Raises:
        UnsupportedImageError: the header says this is no frontal chest radiograph.
        Any of `PYDICOM_ERRORS`: it is damaged.
    """
    facts: dict[str, Any] = {}
    warnings: dict[str, str] = {}
    if OVERLAY_TYPE in str(dataset.get("ImageType") or ""):
        raise UnsupportedImageError(
            "This DICOM file is an overlay of this program, a heatmap over a radiograph. Choose the radiograph itself."
        )
    modality = code(dataset, "Modality")
    if modality in NOT_RADIOGRAPHY.split():
        raise UnsupportedImageError(f"{SAYS} is not a radiograph (modality {modality}). {CHOOSE}")
    if modality in RADIOGRAPHY.split():
        facts["modality"] = modality
    else:
        warnings["modality"] = "The DICOM header does not say that this is a radiograph. Make sure that it is."
    _describe_part(dataset, facts, warnings)
    _describe_view(dataset, facts, warnings)
    if years is not None:
        facts["age_years"] = min(years, OLDEST_SHOWN)
    sop_class = code(dataset, "SOPClassUID")
    if code(dataset, "PresentationIntentType") == "FOR PROCESSING" or sop_class == FOR_PROCESSING:
        warnings["raw"] = (
            "The DICOM header says that this is raw data of the detector (FOR PROCESSING), which may be read wrongly. "
            "Choose the image that is FOR PRESENTATION."
        )
    if code(dataset, "BurnedInAnnotation") == "YES":
        warnings["burned-in-text"] = (
            "The DICOM header says that text is burned in. Make sure that it does not name the patient."
        )
    if sop_class.startswith(SECONDARY_CAPTURE):
        warnings["secondary-capture"] = SECONDARY_CAPTURE_WARNING
    return facts, warnings


def _describe_part(dataset: Dataset, facts: dict[str, Any], warnings: dict[str, str]) -> None:
    named = [code(dataset, "BodyPartExamined")]
    for keyword in ("AnatomicRegionSequence", "PrimaryAnatomicStructureSequence"):
        named += _terms(dataset, keyword)
    parts = [_part(text) for text in named if text]
    for kind, part in parts:
        if kind == "other":
            raise UnsupportedImageError(f"{SAYS} shows another body part ({part}). {CHOOSE}")
        if kind == "chest":
            facts.setdefault("body_part", part)
    program, _ = _part(code(dataset, PROGRAM))
    if any(kind != "chest" for kind, _ in parts) or program == "other":
        warnings["body-part"] = (
            "The DICOM header does not clearly say that this shows the chest. Make sure that it does."
        )


def _describe_view(dataset: Dataset, facts: dict[str, Any], warnings: dict[str, str]) -> None:
    views = [_view(text) for text in _named_views(dataset)]
    for kind, view in views:
        if kind == "lateral":
            raise UnsupportedImageError(f"{SAYS} is a lateral view ({view}). {CHOOSE}")
        if kind:
            facts.setdefault("view", view)
    # A device may write the directions of rows for every radiograph alike, and the name of its program says less than a
    # view does ("PA AND LAT"): neither is enough to refuse it.
    program = code(dataset, PROGRAM)
    for_frontal = set(_words(program)) & set(FRONTAL_VIEWS.split())
    rows, turned = _orientation(dataset)
    if (
        any(kind != "frontal" for kind, _ in views)
        or rows == "lateral"
        or code(dataset, "ImageLaterality") in ("L", "R")
        or (_view(program)[0] and not for_frontal)
    ):
        warnings["view"] = "The DICOM header does not say that this is a plain frontal view. Make sure that it is."
    elif turned:
        warnings["view"] = (
            "The DICOM header says that this image is turned or mirrored. It was read as it is; export it upright, "
            "with the patient's right side on the left."
        )


def _date(value: object) -> date | None:
    """A date as DICOM writes it, or as its predecessor did."""
    try:
        return datetime.strptime(str(value).strip().replace(".", ""), "%Y%m%d").date()
    except ValueError:
        return None


def _part(text: str) -> tuple[str, str]:
    """Judge words for a part of the body; returns "chest", "other" or "" for neither, and the word that says so."""
    words = [re.sub("[^A-Z]", "", text.upper()), *_words(text)]
    other = next(filter(NOT_CHEST.split().__contains__, words), "")
    chest = next(filter(CHEST.split().__contains__, words), "")
    if other and chest and other != words[0]:
        return "", ""
    return ("other", other) if other else ("chest", chest) if chest else ("", "")


def _view(text: str) -> tuple[str, str]:
    """Judge words for a view; returns "frontal", "lateral", "unusual" or "" for none, and the word that says so."""
    words = [SPELLINGS.get(word, word) for word in _words(text)]
    for kind, terms in (("unusual", UNUSUAL_VIEWS), ("lateral", LATERAL_VIEWS), ("frontal", FRONTAL_VIEWS)):
        for word in filter(terms.split().__contains__, words):
            return kind, word
    return "", ""


def _words(text: str) -> list[str]:
    return re.findall("[A-Z]+", re.sub("[-.]", "", text.upper()))


def _named_views(dataset: Dataset) -> Iterable[str]:
    if view := code(dataset, "ViewPosition"):
        yield view
    yield from filter(None, _terms(dataset, "ViewCodeSequence"))


def _orientation(dataset: Dataset) -> tuple[str, bool]:
    """Return "lateral" where rows run from front to back or back to front, and whether the picture is turned."""
    directions = dataset.get("PatientOrientation") or ""
    directions = [
        str(name).strip().upper() for name in (directions if isinstance(directions, MultiValue) else [directions])
    ]
    rows, columns = [*(name[:1] for name in directions if re.fullmatch("[LRAPHF]{1,3}", name)), "", ""][:2]
    # Upright, rows run to the patient's left and columns to the feet.
    turned = rows in ("R", "H", "F") or columns in ("L", "R", "A", "P", "H")
    return ("lateral" if rows in ("A", "P") else ""), turned


def _terms(dataset: Dataset, keyword: str) -> list[str]:
    """Meanings of the codes of a sequence, and the modifiers of a view by which it is no plain frontal one.

    What cannot be parsed is a word that nobody knows.
    """
    try:
        coded = items(dataset, keyword)
        # Of the one item that the standard allows: each of many could hold many.
        modifiers = [
            _term(item) for first_coded in coded[:1] for item in items(first_coded, "ViewModifierCodeSequence")
        ]
        return [*map(_term, coded), *(text for text in modifiers if _view(text)[0] not in ("", "frontal"))]
    except PYDICOM_ERRORS:
        return ["UNREADABLE"]


def _term(item: Dataset) -> str:
    """The meaning of a code: by the tables of pydicom where these have it, or else by its own text."""
    value = code(item, "CodeValue") or code(item, "LongCodeValue")
    known = _meanings().get(value) if code(item, "CodingSchemeDesignator") in SNOMED.split() else None
    return known or code(item, "CodeMeaning")


@functools.cache
def _meanings() -> dict[str, str]:
    """Meanings of the codes of SNOMED; those among views and parts go before those elsewhere."""
    # Large, and seldom needed.
    from pydicom.sr._snomed_dict import mapping
    from pydicom.sr.codedict import codes

    meanings: dict[str, str] = {}
    for concepts in (codes.cid4010, codes.cid4031, codes.SCT):
        for concept in (getattr(concepts, name) for name in concepts.dir()):
            meanings.setdefault(concept.value, concept.meaning)
    older = {**mapping["SRT"], **OLDER_VIEWS}
    return meanings | {value: meanings[newer] for value, newer in older.items() if newer in meanings}
