"""Every failure the library expects, as an exception whose text can be shown to a person as it is.

Sentences may be worded better with any version; programs go by the class or its `code`, and both stay.
"""

from typing import ClassVar


class PneumoniaError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a plain sentence without paths or traces.

    Attributes:
        code: name of the kind of failure, lower-case words with hyphens between them; each class has its own.
    """

    code: ClassVar[str] = "failure"


class ImageError(PneumoniaError):
    """An upload that cannot be read as a radiograph; says what is wrong and what to do."""

    code = "unreadable-image"


class UnsupportedImageError(ImageError):
    """The bytes are of a kind that is not read here (PDF, HEIC, colour photograph, CT slice)."""

    code = "unsupported-image"


class CorruptImageError(ImageError):
    """The bytes claim a known kind but are truncated or damaged."""

    code = "corrupt-image"


class ImageSizeError(ImageError):
    """Too many pixels, too few, or too many bytes."""

    code = "image-size"


class UnknownNameError(PneumoniaError):
    """A variant, a recipe, an operating point or a form of export that there is none of; names those there are."""

    code = "unknown-name"


class MissingExtraError(PneumoniaError):
    """A package that only some of the work needs and that is not installed; gives the command that installs it."""

    code = "missing-extra"


class DataError(PneumoniaError):
    """A data folder without the expected classes, or with nothing readable in it."""

    code = "data"


class CalibrationError(PneumoniaError):
    """A calibration to a site that cannot be made, named, kept or found, or that is not of these weights."""

    code = "calibration"


class ReceiptError(PneumoniaError):
    """A file that is no receipt of a reading, or whose reading cannot be made again here."""

    code = "receipt"


class DicomOutputError(PneumoniaError):
    """A reading that no DICOM objects can be made of, most often because its image is no DICOM file."""

    code = "dicom-output"


class ExportError(PneumoniaError):
    """A trained network that cannot be written in another form, or that reads differently in it."""

    code = "export"


class WeightsError(PneumoniaError):
    """A weights folder that is missing, incomplete, or does not match its own hashes."""

    code = "weights"


class HubError(PneumoniaError):
    """The Hugging Face Hub refuses, cannot be reached, or answers what cannot be understood."""

    code = "hub"


class HubNameError(HubError):
    """A word that cannot be the name of a repository, of a tag, or of a commit."""

    code = "hub-name"


class HubTokenError(HubError):
    """No token, a wrong one, or one that may not do what was asked."""

    code = "hub-token"


class HubNotFoundError(HubError):
    """A repository or revision that does not exist, or that the token may not see."""

    code = "hub-not-found"


class HubUnreachableError(HubError):
    """Offline, by choice or not; no answer; or a Hub in trouble of its own."""

    code = "hub-unreachable"


class HubTransferError(HubError):
    """An upload or a download that was cut off; the same again completes it."""

    code = "hub-transfer"


class NodeError(PneumoniaError):
    """A DICOM node that cannot be started as it was told to."""

    code = "dicom-node"
