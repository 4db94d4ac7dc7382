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
    RLELossless,
)

from pneumonia.errors import ImageError
from pneumonia.imaging import dicom
from pneumonia.imaging.decode import decode
from pneumonia.imaging.dicom_description import DATES
from scripts.studies.reliability.synthetic_images import (
    PATIENT,
    PATIENT_ID,
    coded,
    dicom_bytes,
    dicom_dataset,
    lookup_table,
    radiograph,
    synthetic_chest,
    to_bytes,
)
from tests.fixtures.decoding import refused, warned

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


@pytest.mark.parametrize("syntax", [pydicom.uid.ExplicitVRLittleEndian, pydicom.uid.ExplicitVRBigEndian])
@pytest.mark.parametrize("entries", [256, 255])
def test_eight_bit_table_with_two_entries_a_word(syntax, entries):
    table = lookup_table(np.arange(entries), 0, 8)
    order = ">" if syntax.name.endswith("Big Endian") else "<"
    packed = np.arange(entries + entries % 2, dtype=np.uint8).view("<u2").astype(f"{order}u2").tobytes()
    table.add_new("LUTData", "OW", packed)
    result = pixels((RAMP // 16).astype(np.uint8), syntax, VOILUTSequence=[table])[::8, ::2].ravel()
    np.testing.assert_allclose(result, np.minimum(np.arange(4096) // 16, entries - 1) / 255, atol=1e-6)


@pytest.mark.parametrize("syntax", [pydicom.uid.ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("tables", [1, 8])
def test_tables_of_65536_entries(tables, syntax):
    wide = GREY.astype(np.uint16) * 257
    others = [lookup_table(np.arange(65536), 0, 16, "OW")] * (tables - 1)
    result = pixels(wide, syntax, VOILUTSequence=[lookup_table(np.arange(65535, -1, -1), 0, 16, "OW"), *others])
    np.testing.assert_allclose(result, 1 - EXACT, atol=1e-6)


# === Padding ===


@pytest.mark.parametrize("top", [200, 900, 4000, 16000])
def test_bits_that_padding_alone_needs_are_not_the_pictures(top):
    ramp = np.linspace(0, top, RAMP.size).reshape(RAMP.shape).astype(np.int16)
    ramp[:8] = -32768
    full = 2 ** next(bits for bits in (8, 10, 12, 14) if top < 2**bits) - 1
    expected = ramp / full
    expected[:8] = 0
    np.testing.assert_allclose(pixels(ramp, PixelPaddingValue=-32768), expected, atol=1e-6)
    # Below zero as far as above.
    ramp[8:] -= np.int16(top // 2)
    expected[8:] = (ramp[8:] + (full + 1) // 2) / full
    np.testing.assert_allclose(pixels(ramp, PixelPaddingValue=-32768), expected, atol=1e-6)


def test_bits_that_padding_does_not_need_are_the_pictures():
    ramp = RAMP.copy()
    ramp[:8] = 0
    np.testing.assert_allclose(pixels(ramp, PixelPaddingValue=0), ramp / 65535, atol=1e-6)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_padding_beyond_the_bits_stored(syntax):
    stored = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    stored[:8] = -32768
    dataset = dicom_dataset(stored, PixelPaddingValue=-32768)  # the codestream has 16 bits
    dataset.compress(syntax)
    dataset.BitsStored, dataset.HighBit = 12, 11
    expected = RAMP / 4095
    expected[:8] = 0
    np.testing.assert_allclose(decode(to_bytes(dataset)).pixels, expected, atol=1e-6)


def test_the_picture_is_judged_without_its_padding():
    """A fifth of the range is little contrast, however black the padding."""
    dull = 100 + TWELVE // 5
    dull[:, :12] = 4095
    assert "exposure" in warned(dicom_bytes(dull, BitsStored=12, PixelPaddingValue=4095))
    # A window that shows nothing of the picture, but the padding as something else.
    outside = {"WindowCenter": 3000, "WindowWidth": 1000}
    assert "window" in warned(dicom_bytes(dull, BitsStored=12, PixelPaddingValue=4095, **outside))


def test_padding_that_takes_all_but_a_spot_is_no_crash():
    stored = np.zeros((200, 240), np.uint16)
    stored[100:103, 100:103] = 900
    refused(dicom_bytes(stored, BitsStored=12, PixelPaddingValue=0))


# === What a window clips ===


def test_clipped_pixels_by_hand():
    clipped = decode(dicom_bytes(RAMP, BitsStored=12, WindowCenter=2048, WindowWidth=2049)).clipped
    assert clipped.shape == (64, 64)
    rows = clipped.mean(axis=1)  # of 64 values each
    np.testing.assert_allclose(rows, [1] * 16 + [0] * 32 + [1] * 16, atol=0.1)
    # The least and the greatest value are what they are: nobody knows what the detector clipped.
    for elements in ({}, {"WindowCenter": 2048, "WindowWidth": 4096}):
        assert decode(dicom_bytes(TWELVE, BitsStored=12, **elements)).clipped.max() < 0.05
    assert decode(GREY).clipped is None


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("elements", "hides"),
    [
        ({"WindowCenter": 2048, "WindowWidth": 4096}, False),
        ({"WindowCenter": 1600, "WindowWidth": 400}, True),
        ({"WindowCenter": 3000, "WindowWidth": 2000}, True),
        ({"VOILUTSequence": [lookup_table(np.clip(np.arange(4096) - 1500, 0, 255), 0, 8)]}, True),
    ],
)
def test_a_window_that_hides_the_lungs_is_warned_of(elements, hides, photometric, tiny_predictor):
    chest = np.round(synthetic_chest() / 255 * 4095).astype(np.uint16)
    data = dicom_bytes(chest, BitsStored=12, PhotometricInterpretation=photometric, **elements)
    checks = {check.name: check.message for check in tiny_predictor.predict(data).checks}
    assert ("clipped" in checks) == hides
    if hides:
        assert "own window hides" in checks["clipped"] and "Export the image again" in checks["clipped"]


def test_a_refusal_of_what_a_window_left_names_the_window(tiny_predictor):
    chest = np.round(synthetic_chest() / 255 * 4095).astype(np.uint16)
    prediction = tiny_predictor.predict(dicom_bytes(chest, BitsStored=12, WindowCenter=127, WindowWidth=255))
    assert prediction.status == "rejected" and "own window hides" in prediction.error


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


def age(**elements) -> float | None:
    return decode(dicom_bytes(GREY, **elements)).facts.get("age_years")


def test_an_age_of_dates_is_no_finer_than_years_and_the_dates_are_gone():
    assert age(PatientBirthDate="20200102", StudyDate="20240101") == 3
    assert age(PatientBirthDate="20200102", StudyDate="20240102") == 4
    assert age(PatientBirthDate="20200102", StudyDate="20201001") == round(8 / 12, 2)
    assert age(PatientBirthDate="19100102", StudyDate="20240102") == 90
    assert age(PatientBirthDate="20200102", StudyDate="20240102", PatientAge="002Y") == 2
    assert age(PatientBirthDate="20200102", StudyDate="20240102", PatientAge="unknown") == 4
    assert age(PatientBirthDate="20200102") is age(PatientBirthDate=None, StudyDate="20240102") is None
    image = dicom.read_header(dicom_bytes(GREY, StudyDate="20240102", AcquisitionDate="20240102"))
    assert not any(keyword in image.dataset for keyword in DATES.split())
    assert not any(elem.VR in ("DA", "DT", "TM") for elem in image.dataset)


@pytest.mark.parametrize(
    ("elements", "facts"),
    [
        ({"ViewCodeSequence": [coded("R-10206", "SRT")]}, {"view": "AP"}),
        ({"ViewCodeSequence": [coded("272479007", "SCT", "anything")]}, {"view": "PA"}),
        ({"AnatomicRegionSequence": [coded("T-D3000", "SNM3")]}, {"body_part": "THORACIC"}),
        ({"ViewCodeSequence": [coded("1", "99XY", PATIENT)]}, {}),
        ({"AnatomicRegionSequence": [coded("1", "99XY", PATIENT)]}, {}),
    ],
)
def test_codes_become_facts_and_their_texts_do_not(elements, facts):
    held = decode(dicom_bytes(GREY, **elements)).facts
    assert {key: held[key] for key in ("view", "body_part") if key in held} == facts


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
