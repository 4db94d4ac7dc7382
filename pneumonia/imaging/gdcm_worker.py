"""A decoder of JPEG Lossless and JPEG-LS for pydicom that runs GDCM in a process of its own.

GDCM is the freely licensed decoder of these syntaxes, but on some damaged files it ends the process it runs
in. A short-lived child process (about 0.1 s) takes that fate, and the server stays up. Run as a script, this
file is the child; it loads nothing but GDCM.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
# The form of a pydicom plug-in: what each transfer syntax needs, `is_available` and a function for one frame.
DECODER_DEPENDENCIES = {
    syntax: ("python-gdcm",) for syntax in ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", *JPEG_LS)
}
TIMEOUT = 60  # seconds; 25 megapixels take about two


def is_available(syntax: str) -> bool:
    """Tell whether this transfer syntax can be decoded here."""
    return syntax in DECODER_DEPENDENCIES and find_spec("gdcm") is not None


def decode_frame(frame: bytes, runner: "DecodeRunner") -> bytes:
    """Decode one frame; pydicom turns the returned bytes into an array.

    Raises:
        RuntimeError: the child failed, because the frame is damaged.
        subprocess.TimeoutExpired: the child took longer than `TIMEOUT`.
    """
    header: dict[str, Any] = {
        "syntax": str.__str__(runner.transfer_syntax),
        "size": (runner.columns, runner.rows),
        "photometric": str(runner.photometric_interpretation),
        "planar": runner.planar_configuration if runner.samples_per_pixel > 1 else 0,
    }
    bits = runner.bits_stored
    if runner.transfer_syntax in JPEG_LS:
        # GDCM returns JPEG-LS by pixel, in containers that fit the codestream's own precision.
        bits = runner.get_option("jls_precision", bits)
        runner.set_option("planar_configuration", 0)
        runner.set_option("bits_allocated", 8 if bits <= 8 else 16)
    header["format"] = (
        *(runner.samples_per_pixel, runner.bits_allocated, bits, bits - 1),
        runner.pixel_representation,
    )
    # -P: the folder of this file is no place to import modules from.
    command = [sys.executable, "-P", __file__]
    message = json.dumps(header).encode() + b"\n" + frame
    child = subprocess.run(command, input=message, capture_output=True, timeout=TIMEOUT, check=False)
    if child.returncode:
        raise RuntimeError("GDCM failed")
    return child.stdout


def _decode(header: dict[str, Any], frame: bytes) -> bytes:
    """Decode a frame with GDCM; runs in the child."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((*header["size"], 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(header["photometric"])
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetPlanarConfiguration(header["planar"])
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(header["syntax"])))
    image.SetPixelFormat(gdcm.PixelFormat(*header["format"]))
    return image.GetBuffer().encode("utf-8", "surrogateescape")  # GDCM hands bytes over as text


if __name__ == "__main__":
    sys.stdout.buffer.write(_decode(json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read()))
