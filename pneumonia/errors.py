"""Every failure the library expects, as an exception whose text can be shown to a person as it is."""


class PneumoniaError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a plain sentence without paths or traces."""


class ImageError(PneumoniaError):
    """An upload that cannot be read as a radiograph; says what is wrong and what to do."""


class UnsupportedImageError(ImageError):
    """The bytes are of a kind that is not read here (PDF, HEIC, colour photograph, CT slice)."""


class CorruptImageError(ImageError):
    """The bytes claim a known kind but are truncated or damaged."""


class ImageSizeError(ImageError):
    """Too many pixels, too few, or too many bytes."""


class DataError(PneumoniaError):
    """A data folder without the expected classes, or with nothing readable in it."""


class CalibrationError(PneumoniaError):
    """A calibration to a site that cannot be made, named, kept or found, or that is not of these weights."""


class ReceiptError(PneumoniaError):
    """A file that is no receipt of a reading, or whose reading cannot be made again here."""


class ExportError(PneumoniaError):
    """A trained network that cannot be written in another form, or that reads differently in it."""


class WeightsError(PneumoniaError):
    """A weights folder that is missing, incomplete, or does not match its own hashes."""


class HubError(PneumoniaError):
    """The Hugging Face Hub refuses, cannot be reached, or answers what cannot be understood."""


class HubNameError(HubError):
    """What cannot be the name of a repository, of a tag, or of a commit."""


class HubTokenError(HubError):
    """No token, a wrong one, or one that may not do what was asked."""


class HubNotFoundError(HubError):
    """A repository or revision that does not exist, or that the token may not see."""


class HubUnreachableError(HubError):
    """Offline, by choice or not; no answer; or a Hub in trouble of its own."""


class HubTransferError(HubError):
    """An upload or a download that was cut off; the same again completes it."""


def first_line(error: BaseException) -> str:
    """What an error of another library says, without what follows; its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
