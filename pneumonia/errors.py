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


class ExportError(PneumoniaError):
    """A trained network that cannot be written in another form, or that reads differently in it."""


class WeightsError(PneumoniaError):
    """A weights folder that is missing, incomplete, or does not match its own hashes."""
