"""What holds of the decoder whatever the pixels and the header: facts of the formats, not of examples.

What single inputs come to is in `test_inputs.py`; damage to files at random in `test_decode_refused.py` and
`test_dicom_files.py`.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid

from pneumonia.imaging.decode import decode
from pneumonia.imaging.quality import BIT_DEPTHS
from scripts.studies.reliability.abuse.answers import CHEST
from scripts.studies.reliability.abuse.image_inputs import HELD
from scripts.studies.reliability.outcomes import read_or_refuse
from scripts.studies.reliability.synthetic_images import (
    deep,
    dicom_bytes,
    dicom_dataset,
    encode,
    exif,
    lookup_table,
    to_bytes,
)

# A picture of the size that is just read, in 16 bits; what is drawn is how it is stored.
DEEP = CHEST[:128, :136] * np.uint16(257)
pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow and NumPy warn of what is refused

bits_stored = st.integers(8, 16)
# As a header has them: text of at most 16 characters, among them what is no finite number, and what a double cannot
# tell from nothing.
written_numbers = st.one_of(
    st.integers(-5000, 70000).map(str),
    st.floats(-1e4, 1e4).map(lambda number: f"{number:.6g}"),
    st.sampled_from(["0", "-0", "1", "-1", "nan", "inf", "-inf", "1e-20", "1e-320", "1e308", "-1e308", "", " 1 ", "x"]),
)
# What stands in a file where such a number will.
PLACEHOLDERS = {
    keyword: f"{number}234567890123456"
    for number, keyword in enumerate(("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth"), start=1)
}


@st.composite
def stored_pixels(draw: st.DrawFn) -> tuple[np.ndarray, int, bool]:
    """The picture in some number of bits, signed or not; its values, the bits, and whether they are signed."""
    bits, signed = draw(bits_stored), draw(st.booleans())
    values = (DEEP >> (16 - bits)).astype(np.int32)
    kind = f"{'i' if signed else 'u'}{1 if bits == 8 else 2}"
    return (values - signed * 2 ** (bits - 1)).astype(kind), bits, signed


def with_text(data: bytes, **elements: str) -> bytes:
    """A DICOM file whose elements of text hold this, however invalid; each must be there with 16 characters."""
    for element, text in elements.items():
        placeholder = PLACEHOLDERS[element].encode()
        assert data.count(placeholder) == 1
        data = data.replace(placeholder, text.encode().ljust(16))
    return data


# === Any header ===


@pytest.mark.promise(
    "Whatever a DICOM header says of rescale and window, grey values stay between black and white.",
    part="Whatever is uploaded",
)
@given(
    pixels=stored_pixels(),
    elements=st.fixed_dictionaries({}, optional={keyword: written_numbers for keyword in PLACEHOLDERS}),
    function=st.sampled_from([None, "LINEAR", "LINEAR_EXACT", "SIGMOID", "CUBIC"]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
)
def test_whatever_rescale_and_window_say_grey_values_stay_between_black_and_white(
    pixels, elements, function, photometric
):
    values, bits, _ = pixels
    placed = {keyword: PLACEHOLDERS[keyword] for keyword in elements}
    data = dicom_bytes(
        values, BitsStored=bits, VOILUTFunction=function, PhotometricInterpretation=photometric, **placed
    )
    read_or_refuse(with_text(data, **elements))


@given(
    allocated=st.sampled_from([1, 8, 12, 16, 32]),
    stored=st.integers(0, 33),
    high=st.integers(0, 33),
    representation=st.integers(0, 3),
    samples=st.integers(0, 4),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "PALETTE COLOR", ""]),
)
def test_whatever_the_header_says_of_bits_and_colours(allocated, stored, high, representation, samples, photometric):
    data = dicom_bytes(
        DEEP,
        BitsAllocated=allocated,
        BitsStored=stored,
        HighBit=high,
        PixelRepresentation=representation,
        SamplesPerPixel=samples,
        PhotometricInterpretation=photometric,
        PlanarConfiguration=0,
    )
    radiograph = read_or_refuse(data)
    assert radiograph is None or (radiograph.facts["bits"] == stored == high + 1 <= allocated)


@given(
    keyword=st.sampled_from(["ModalityLUTSequence", "VOILUTSequence"]),
    entries=st.integers(1, 65536),
    ends=st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
    first=st.sampled_from([0, 0, 1, 30000, 65535]),
    bits=st.integers(7, 17),
    vr=st.sampled_from(["US", "OW"]),
)
def test_whatever_a_lookup_table_holds(keyword, entries, ends, first, bits, vr):
    ramp = np.linspace(*ends, entries).astype(int)
    read_or_refuse(dicom_bytes(DEEP, **{keyword: [lookup_table(ramp, first, bits, vr)]}))


# === Stored values ===


@given(stored_pixels())
def test_without_a_window_the_bits_stored_are_the_whole_range(pixels):
    values, bits, signed = pixels
    radiograph = decode(dicom_bytes(values, BitsStored=bits))
    expected = (values.astype(np.float64) + signed * 2 ** (bits - 1)) / (2**bits - 1)
    np.testing.assert_allclose(radiograph.pixels, expected, atol=1e-6)
    assert radiograph.facts["bits"] == bits and not {c.name for c in radiograph.checks} & {"window"}


@given(pixels=stored_pixels(), center=st.integers(-3000, 70000), width=st.integers(2, 70000))
def test_monochrome1_is_the_inverse_under_any_window(pixels, center, width):
    values, bits, _ = pixels
    elements = {"BitsStored": bits, "WindowCenter": center, "WindowWidth": width}
    bright = decode(dicom_bytes(values, **elements))
    dark = decode(dicom_bytes(values, PhotometricInterpretation="MONOCHROME1", **elements))
    np.testing.assert_allclose(dark.pixels, 1 - bright.pixels, atol=1e-6)
    # Bits stored the other way round, and said to be so, are the same picture.
    lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if values.dtype.kind == "i" else (0, 2**bits - 1)
    inverted = (lowest + highest - values.astype(np.int64)).astype(values.dtype)
    same = decode(dicom_bytes(inverted, BitsStored=bits, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(same.pixels, decode(dicom_bytes(values, BitsStored=bits)).pixels, atol=1e-6)


@given(
    pixels=stored_pixels(),
    slope=st.floats(0.01, 100),
    intercept=st.floats(-10000, 10000),
    windows=st.lists(st.tuples(st.integers(0, 5000), st.integers(2, 5000)), min_size=1, max_size=3),
)
def test_of_several_windows_the_first_counts_and_no_window_or_rescale_turns_the_order_round(
    pixels, slope, intercept, windows
):
    values, bits, _ = pixels
    rescale = {"BitsStored": bits, "RescaleSlope": f"{slope:.8g}", "RescaleIntercept": f"{intercept:.8g}"}
    centers, widths = map(list, zip(*windows, strict=True))
    several = decode(dicom_bytes(values, WindowCenter=centers, WindowWidth=widths, **rescale)).pixels
    first = decode(dicom_bytes(values, WindowCenter=centers[0], WindowWidth=widths[0], **rescale)).pixels
    np.testing.assert_array_equal(several, first)
    order = np.argsort(values, axis=None, kind="stable")
    assert (np.diff(first.ravel()[order]) >= 0).all()
    # Without a window, a rescale alone changes nothing: its full range is the full range of the bits stored.
    plain = decode(dicom_bytes(values, BitsStored=bits)).pixels
    np.testing.assert_allclose(decode(dicom_bytes(values, **rescale)).pixels, plain, atol=1e-5)


# === Ways to store the same picture ===


@pytest.mark.promise("Every lossless syntax of DICOM gives the same pixels.", part="Whatever is uploaded")
@given(pixels=stored_pixels(), syntax=st.sampled_from(["raw", "implicit", "big", "RLE", "JPEG 2000"]))
def test_every_lossless_syntax_equals_raw(pixels, syntax):
    values, bits, _ = pixels
    plain = decode(dicom_bytes(values, BitsStored=bits))
    if syntax in ("RLE", "JPEG 2000"):
        dataset = dicom_dataset(values, BitsStored=bits)
        dataset.compress(uid.RLELossless if syntax == "RLE" else uid.JPEG2000Lossless)
        stored = to_bytes(dataset)
    else:
        by_name = {"raw": "ExplicitVRLittleEndian", "implicit": "ImplicitVRLittleEndian", "big": "ExplicitVRBigEndian"}
        stored = dicom_bytes(
            values.astype(values.dtype.newbyteorder(">")) if syntax == "big" else values,
            getattr(uid, by_name[syntax]),
            BitsStored=bits,
        )
    np.testing.assert_array_equal(decode(stored).pixels, plain.pixels)


@given(kind=st.sampled_from(["PNG", "TIFF", "BMP", "GIF", "WEBP"]), orientation=st.sampled_from(sorted(HELD)))
def test_a_picture_is_the_same_in_every_lossless_kind_and_however_the_camera_was_held(kind, orientation):
    picture = Image.fromarray(CHEST[:150])
    lossless = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(decode(encode(picture, kind, **lossless)).pixels, CHEST[:150] / np.float32(255))
    if kind not in ("BMP", "GIF"):  # which hold no EXIF data
        turned = encode(picture.transpose(HELD[orientation]), kind, exif=exif(0x0112, orientation), **lossless)
        np.testing.assert_array_equal(decode(turned).pixels, CHEST[:150] / np.float32(255))


@given(top=st.integers(255, 65535), kind=st.sampled_from([".png", ".tiff"]), colour=st.booleans())
def test_sixteen_bits_are_scaled_by_the_least_depth_that_holds_the_brightest(top, kind, colour):
    values = np.round(DEEP / DEEP.max() * top).astype(np.uint16)
    radiograph = decode(deep(np.dstack([values] * 3) if colour else values, kind))
    bits = min(depth for depth in BIT_DEPTHS if top < 2**depth)
    assert radiograph.facts["bits"] == bits
    np.testing.assert_allclose(radiograph.pixels, values / (2**bits - 1), atol=1e-4 if colour else 1e-6)
    np.testing.assert_array_equal(decode(values).pixels, decode(deep(values, kind)).pixels)
