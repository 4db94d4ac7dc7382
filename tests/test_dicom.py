"""DICOM: what becomes of stored values, what the header warns of, and no identity anywhere."""

import json
import logging
import warnings

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from pneumonia.errors import ImageError
from pneumonia.images import decode
from tests.making import (
    PATIENT,
    PATIENT_ID,
    dicom_bytes,
    lookup_table,
    radiograph,
)

GREY = radiograph()
EXACT = GREY.astype(np.float32) / 255
TWELVE = np.round(EXACT * 4095).astype(np.uint16)  # 12 bits in 16
# Each value of 12 bits once, in order: what the pipeline does to it can be worked out by hand.
RAMP = np.arange(4096, dtype=np.uint16).reshape(32, 128).repeat(8, axis=0).repeat(2, axis=1)


def pixels(*args, **elements) -> np.ndarray:
    return decode(dicom_bytes(*args, **elements)).pixels


def curve(**elements) -> np.ndarray:
    """What becomes of the stored values 0 to 4095."""
    result = pixels(elements.pop("stored", RAMP), BitsStored=12, **elements)
    return result[::8, ::2].ravel()


# === Grey-scale pipeline ===


def test_full_range_of_bits_stored_without_a_window():
    np.testing.assert_allclose(curve(), np.arange(4096) / 4095, atol=1e-6)
    np.testing.assert_allclose(pixels(GREY), EXACT, atol=1e-6)
    assert decode(dicom_bytes(TWELVE, BitsStored=12)).facts["bits"] == 12


def test_same_pixels_in_eight_and_sixteen_bits_agree():
    for source in (GREY.astype(np.uint16) * 257, (GREY.astype(np.int32) * 257 - 32768).astype(np.int16)):
        np.testing.assert_allclose(pixels(source), EXACT, atol=1 / 255)


def test_signed_pixels():
    stored = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    np.testing.assert_allclose(curve(stored=stored), np.arange(4096) / 4095, atol=1e-6)


def test_bits_beyond_bits_stored_are_ignored():
    np.testing.assert_allclose(curve(stored=RAMP | 0x3000), np.arange(4096) / 4095, atol=1e-6)


def test_linear_window_by_hand():
    # PS3.3 C.11.2.1.2.1: black up to c - 0.5 - (w - 1) / 2, white from c - 0.5 + (w - 1) / 2.
    result = curve(WindowCenter=2048, WindowWidth=1001)
    assert result[1547] == 0 < result[1549]
    assert result[2546] < 1 == result[2548]
    assert result[2047] == pytest.approx(0.4995, abs=1e-4)


def test_linear_exact_and_sigmoid_windows_by_hand():
    exact = curve(WindowCenter=2000, WindowWidth=1000, VOILUTFunction="LINEAR_EXACT")
    assert (exact[1500], exact[1750], exact[2000], exact[2500]) == pytest.approx((0, 0.25, 0.5, 1))
    sigmoid = curve(WindowCenter=2000, WindowWidth=1000, VOILUTFunction="SIGMOID")
    assert (sigmoid[2000], sigmoid[2500]) == pytest.approx((0.5, 1 / (1 + np.exp(-2))))


def test_first_of_several_windows():
    several = curve(WindowCenter=[2048, 100], WindowWidth=[1000, 10])
    np.testing.assert_array_equal(several, curve(WindowCenter=2048, WindowWidth=1000))


def test_window_acts_on_rescaled_values():
    rescaled = curve(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=2001)
    plain = curve(WindowCenter=2048, WindowWidth=1001)
    np.testing.assert_allclose(rescaled, plain, atol=1e-3)


def test_negative_slope_turns_black_and_white():
    np.testing.assert_allclose(curve(RescaleSlope=-1, RescaleIntercept=4095), 1 - np.arange(4096) / 4095, atol=1e-6)
    window = {"WindowCenter": 2048, "WindowWidth": 1001}
    turned = curve(RescaleSlope=-1, RescaleIntercept=4095, **window)
    assert turned[0] == 1 and turned[4095] == 0


def test_monochrome1_is_inverted_after_windowing():
    window = {"WindowCenter": 2048, "WindowWidth": 1001}
    inverted = curve(PhotometricInterpretation="MONOCHROME1", **window)
    np.testing.assert_allclose(inverted, 1 - curve(**window), atol=1e-6)
    np.testing.assert_allclose(pixels(255 - GREY, PhotometricInterpretation="MONOCHROME1"), EXACT, atol=1e-6)


@pytest.mark.parametrize("vr", ["US", "OW"])
@pytest.mark.parametrize("syntax", [pydicom.uid.ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
def test_lookup_tables_by_hand(vr, syntax, keyword):
    square = (np.arange(2048) / 2047) ** 2 * 1023
    result = curve(syntax=syntax, **{keyword: [lookup_table(square.astype(int), 1000, 10, vr)]})
    expected = (square.astype(int) / 1023)[np.clip(np.arange(4096) - 1000, 0, 2047)]
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_eight_bit_table_with_many_entries():
    entries = np.arange(4096) // 16
    np.testing.assert_allclose(curve(VOILUTSequence=[lookup_table(entries, 0, 8)]), entries / 255, atol=1e-6)


def test_table_of_65536_entries():
    wide = GREY.astype(np.uint16) * 257
    result = pixels(wide, VOILUTSequence=[lookup_table(np.arange(65535, -1, -1), 0, 16, "OW")])
    np.testing.assert_allclose(result, 1 - EXACT, atol=1e-6)


# === Facts ===


def test_facts_hold_what_is_known_and_nothing_else():
    elements = {"BodyPartExamined": "Chest", "ViewPosition": "PA", "PatientAge": "030M"}
    assert decode(dicom_bytes(TWELVE, BitsStored=12, **elements)).facts == {
        "format": "DICOM",
        "width": 240,
        "height": 200,
        "bits": 12,
        "photometric": "MONOCHROME2",
        "modality": "DX",
        "view": "PA",
        "body_part": "CHEST",
        "age_years": 2.5,
        "transfer_syntax": "Explicit VR Little Endian",
    }
    assert decode(dicom_bytes(GREY, PatientAge="101Y")).facts["age_years"] == 90


# === Identity ===


def test_no_identity_comes_out(caplog, capfd):
    free_text = {"BodyPartExamined": PATIENT_ID, "ViewPosition": PATIENT_ID, "Modality": PATIENT_ID}
    sources = [
        dicom_bytes(GREY),
        dicom_bytes(GREY, **free_text),
        dicom_bytes(GREY, PatientComments=PATIENT, WindowCenter=0, WindowWidth=0),
        dicom_bytes(GREY)[:-1000],
        dicom_bytes(GREY).replace(b"1.2.840.10008.1.2.1", PATIENT_ID.ljust(19).encode()),  # the transfer syntax
        dicom_bytes(GREY, ImplicitVRLittleEndian)[132:],
        dicom_bytes(GREY, Modality="CT"),
        dicom_bytes(GREY, JPEG2000Lossless, PixelData=encapsulate([b"\xff\x4f" + PATIENT.encode()])),
    ]
    seen = []
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        for source in sources:
            try:
                result = decode(source)
            except ImageError as error:
                seen += [str(error), repr(error.__cause__)]
            else:
                seen += [json.dumps(result.facts), repr(result.checks)]
    text = " ".join([*seen, caplog.text, *(str(remark.message) for remark in remarks), *capfd.readouterr()])
    for identity in (PATIENT, PATIENT_ID, "General Hospital", "2020"):
        assert identity not in text
