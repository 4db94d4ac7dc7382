"""DICOM files, and the answer each gets: a row an input.

What becomes of stored values is worked out by hand in `tests/unit/imaging/test_dicom.py`.
"""

import numpy as np
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate

from pneumonia.imaging import dicom
from scripts.studies.reliability.abuse.answers import (
    CHEST,
    COLOUR,
    GREY,
    LOSSY,
    PICTURE,
    SIXTEEN,
    TWELVE,
    damaged,
    missized,
    reads,
    refuses,
)
from scripts.studies.reliability.abuse.image_inputs import EDGE, EDGE_BLACK, good, palette
from scripts.studies.reliability.synthetic_images import (
    coded,
    dicom_bytes,
    dicom_dataset,
    encode,
    lookup_table,
    photograph,
    to_bytes,
)


def dx(pixels: np.ndarray = CHEST, syntax: uid.UID = uid.ExplicitVRLittleEndian, **elements) -> bytes:
    return dicom_bytes(pixels, syntax, **elements)


def packed(syntax: uid.UID, frame: bytes, pixels: np.ndarray = CHEST, **elements) -> bytes:
    return dicom_bytes(pixels, syntax, PixelData=encapsulate([frame]), **elements)


def twelve(**elements) -> bytes:
    return dx(TWELVE, BitsStored=12, **elements)


def padded(value: int, pixels: np.ndarray = TWELVE, vr: str | None = None, **elements) -> bytes:
    """The chest, with padding at its left edge."""
    dataset = dicom_dataset(np.where(EDGE, value, pixels).astype(pixels.dtype), **elements)
    if vr:
        dataset.add_new("PixelPaddingValue", vr, value % 65536 - (65536 if vr == "SS" else 0))
    else:
        dataset.PixelPaddingValue = value
    return to_bytes(dataset)


def miscounted(held: int, vr: str) -> Dataset:
    """A table of so many entries that says it has 4,096."""
    item = lookup_table(np.arange(held) % 4096, 0, 12, vr)
    item.LUTDescriptor = [4096, 0, 12]
    return item


def view(value: str, scheme: str, meaning: str = "", **elements) -> dict[str, object]:
    return {"ViewCodeSequence": [coded(value, scheme, meaning, **elements)]}


def part(value: str, scheme: str, keyword: str = "AnatomicRegionSequence") -> dict[str, object]:
    return {"BodyPartExamined": "CHEST", keyword: [coded(value, scheme)]}


LATERAL = (
    *(("SCT", value) for value in ("399067008", "399173006", "399198007", "399352003", "399260004", "30730003")),
    *(("SRT", "R-10236"), ("SNM3", "R-10232"), ("99SDM", "R-10228"), ("SRT", "R-102CD"), ("SRT", "R-10222")),
)
# Where a display window from 1024 to 3072 of 4096 is black and white.
WINDOWED = np.clip((TWELVE - 1023.5) / 2048, 0, 1)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 2049}
SIGNED = TWELVE.astype(np.int16)
PLAIN = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)


ROWS = (
    # === DICOM: what becomes of stored values ===
    *(reads(f"DICOM, {syntax.name}", dx(syntax=syntax)) for syntax in PLAIN),
    reads("DICOM, 12 bits in 16", twelve()),
    reads("DICOM, signed 16 bits", dx((SIXTEEN.astype(np.int32) - 32768).astype(np.int16))),
    reads("DICOM, signed 12 bits in 16", dx((TWELVE.astype(np.int16) - 2048), BitsStored=12)),
    reads("DICOM, MONOCHROME1", dx(255 - CHEST, PhotometricInterpretation="MONOCHROME1")),
    reads("DICOM, a window", twelve(**WINDOW), shows=WINDOWED),
    reads("DICOM, the first of two windows", twelve(WindowCenter=[2048, 100], WindowWidth=[2049, 9]), shows=WINDOWED),
    reads(
        "DICOM, MONOCHROME1 inverted after the window",
        twelve(PhotometricInterpretation="MONOCHROME1", **WINDOW),
        "polarity",
        shows=1 - WINDOWED,
        unread="seems to be a negative",
    ),
    reads(
        "DICOM, rescale before the window",
        twelve(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=4097),
        shows=WINDOWED,
    ),
    reads("DICOM, VOI LUT", twelve(VOILUTSequence=[lookup_table(np.arange(4096), 0, 12)])),
    reads("DICOM, modality LUT", twelve(ModalityLUTSequence=[lookup_table(np.arange(4096), 0, 12)])),
    reads("DICOM, empty windows", twelve(WindowCenter="", WindowWidth="")),
    *(
        reads(f"DICOM, bad window: {elements}", twelve(**elements), "window")
        for elements in (
            {"WindowCenter": 2048, "WindowWidth": 0},
            {"WindowCenter": 0, "WindowWidth": 0},
            {"WindowCenter": 2048, "WindowWidth": -100},
            {"WindowCenter": 2048, "WindowWidth": 1},
            {"WindowCenter": 2048},
            {"WindowCenter": 60000, "WindowWidth": 100},
            {"WindowCenter": 2048, "WindowWidth": 100, "VOILUTFunction": "CUBIC"},
            {"RescaleSlope": 0, "RescaleIntercept": 5},
            {"RescaleSlope": "1e-20", "RescaleIntercept": 1000},
        )
    ),
    reads(
        "DICOM, a window that is no number",
        twelve(WindowCenter=2048, WindowWidth=4321).replace(b"4321", b"4x21"),
        "window",
    ),
    *(
        reads(f"DICOM, {keyword} that is {name}", twelve(**{keyword: [item]}), "window")
        for keyword in ("VOILUTSequence", "ModalityLUTSequence")
        for name, item in (
            ("empty", Dataset()),
            ("of 40 bits", lookup_table(np.arange(3), 0, 40)),
            ("of 12 bits but says 8", lookup_table(np.arange(4096), 0, 8)),
            *(
                (f"of {held} entries as {vr}, but says 4096", miscounted(held, vr))
                for held, vr in ((4097, "OW"), (4095, "OW"), (4064, "OW"), (100, "OW"), (4095, "US"))
            ),
        )
    ),
    reads(
        "DICOM, a window beside a VOI LUT that is left out",
        twelve(VOILUTSequence=[miscounted(4095, "US")], **WINDOW),
        "window",
        shows=WINDOWED,
    ),
    # === DICOM: padding ===
    *(
        reads(f"DICOM, padding, {what}", data, shows=EDGE_BLACK)
        for what, data in {
            "unsigned": padded(4090, BitsStored=12),
            "of more bits than the picture": padded(65535),
            "signed, of more bits than the picture": padded(-32768, SIGNED),
            "signed, beyond the bits stored": padded(-32768, SIGNED - np.int16(2048), BitsStored=12),
            "signed, called unsigned": padded(-2000, SIGNED, "US"),
            "unsigned, called signed": padded(65535, vr="SS"),
            "MONOCHROME1": padded(5, 4095 - TWELVE, BitsStored=12, PhotometricInterpretation="MONOCHROME1"),
            "a rescale that turns black and white": padded(
                5, 4095 - TWELVE, BitsStored=12, RescaleSlope=-1, RescaleIntercept=4095
            ),
            "a modality LUT": padded(4090, BitsStored=12, ModalityLUTSequence=[lookup_table(np.arange(4096), 0, 12)]),
            "a VOI LUT": padded(4090, BitsStored=12, VOILUTSequence=[lookup_table(np.arange(4096), 0, 12)]),
            "a range": padded(-32000, SIGNED, PixelPaddingRangeLimit=-32768),
            "a range, the other way round": padded(-32768, SIGNED, PixelPaddingRangeLimit=-32000),
        }.items()
    ),
    reads("DICOM, padding and a window", padded(4090, BitsStored=12, **WINDOW), shows=np.where(EDGE, 0, WINDOWED)),
    reads("DICOM, a padding value that is black anyway", padded(0, BitsStored=12), shows=EDGE_BLACK),
    reads("DICOM, a padding value that no pixel has", twelve(PixelPaddingValue=0xFFFF)),
    reads(
        "DICOM, a padding range that covers the lungs",
        twelve(PixelPaddingValue=0, PixelPaddingRangeLimit=2000),
        "padding",
    ),
    reads(
        "DICOM, a padding range that covers all", twelve(PixelPaddingValue=0, PixelPaddingRangeLimit=65535), "padding"
    ),
    # === DICOM: colour ===
    reads("DICOM, RGB", dx(COLOUR), "secondary-capture"),
    reads(
        "DICOM, YBR",
        dx(np.dstack([CHEST, *[np.full_like(CHEST, 128)] * 2]), PhotometricInterpretation="YBR_FULL"),
        "secondary-capture",
    ),
    reads("DICOM, PALETTE COLOR", dx(255 - CHEST, **palette("<")), "secondary-capture"),
    reads(
        "DICOM, PALETTE COLOR, big endian",
        dx(255 - CHEST, uid.ExplicitVRBigEndian, **palette(">")),
        "secondary-capture",
    ),
    damaged("DICOM, PALETTE COLOR without a palette", dx(PhotometricInterpretation="PALETTE COLOR"), "palette"),
    refuses("DICOM, colour photograph", dx(photograph()), "colour"),
    refuses("DICOM, CMYK", dx(PhotometricInterpretation="CMYK"), "colours"),
    damaged("DICOM, grey in three samples", dx(COLOUR, PhotometricInterpretation="MONOCHROME2"), "contradicts"),
    reads("DICOM, secondary capture in grey", dx(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), "secondary-capture"),
    # === DICOM: how pixels are stored ===
    reads("DICOM, JPEG baseline", packed(uid.JPEGBaseline8Bit, good(CHEST, "JPEG")), within=LOSSY),
    reads(
        "DICOM, JPEG 2000 in tiles and precincts",
        packed(
            uid.JPEG2000Lossless,
            encode(
                PICTURE, "JPEG2000", no_jp2=True, tile_size=(64, 64), precinct_size=(64, 64), codeblock_size=(32, 32)
            ),
        ),
    ),
    damaged(
        "DICOM, JPEG of 12 bits, which has no decoder",
        packed(uid.JPEGExtended12Bit, good(CHEST, "JPEG").replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc1\0\x0b\x0c")),
        "JPEG Extended",
    ),
    refuses("DICOM, deflated", dx(syntax=uid.DeflatedExplicitVRLittleEndian), "Deflated"),
    refuses("DICOM, MPEG2", packed(uid.UID("1.2.840.10008.1.2.4.100"), bytes(100)), "MPEG2"),
    refuses("DICOM, a maker's own syntax", dx().replace(b"1.2.840.10008.1.2.1", b"1.2.840.99999.1.2.1"), "unknown"),
    refuses("DICOM, no pixel data", dx(PixelData=None), "no pixel data"),
    refuses("DICOM, float pixels", dx(PixelData=None, FloatPixelData=GREY.astype("<f4").tobytes()), "floating point"),
    refuses("DICOM, several frames", dx(np.vstack([CHEST] * 3), Rows=200, NumberOfFrames=3), "3 frames"),
    reads("DICOM, one frame", dx(NumberOfFrames=1)),
    damaged("DICOM, Rows x Columns beyond the data", dx(Rows=300, Columns=400), "400 x 300 pixels", "truncated"),
    damaged("DICOM, cut off", dx()[:-1000], "truncated"),
    damaged("DICOM, compressed, without its last delimiter", packed(uid.RLELossless, bytes(100))[:-8], "delimiter"),
    damaged("DICOM, of zero frames", dx(NumberOfFrames=0), "NumberOfFrames"),
    *(
        damaged(f"DICOM without {keyword}", dx(pixels, HighBit=None, **{keyword: None}), keyword)
        for pixels, keyword in (
            *((CHEST, keyword) for keyword in dicom.NEEDED if keyword != "PlanarConfiguration"),
            (COLOUR, "PlanarConfiguration"),
        )
    ),
    *(
        damaged(f"DICOM, {keyword} {value}", dx(COLOUR, **{keyword: value}), keyword)
        for keyword, value in (("SamplesPerPixel", 2), ("PixelRepresentation", 2), ("PlanarConfiguration", 2))
    ),
    *(
        reads(f"DICOM, {name}", data)
        for name, data in (
            ("monochrome2", dx().replace(b"MONOCHROME2", b"monochrome2")),
            ("Monochrome1", dx(255 - CHEST, PhotometricInterpretation="MONOCHROME1").replace(b"MONOCH", b"Monoch")),
        )
    ),
    reads("DICOM, rgb", dx(COLOUR).replace(b"RGB ", b"rgb "), "secondary-capture"),
    refuses("DICOM without preamble and prefix", dx()[132:], "preamble"),
    refuses("DICOM without preamble", dx()[128:], "preamble"),
    refuses("DICOM without its first group", dx()[dx().index(b"\x08\0\x16\0") :], "preamble"),
    *(
        missized(
            f"DICOM of {rows} rows, {syntax.name}", dx(syntax=syntax, Rows=rows, Columns=5001, **held), "megapixels"
        )
        for rows in (5000, 60_000)
        for syntax, held in (
            (uid.ExplicitVRLittleEndian, {}),
            (uid.RLELossless, {"PixelData": encapsulate([bytes(100)])}),
            (uid.JPEG2000Lossless, {"PixelData": encapsulate([bytes(100)])}),
        )
    ),
    missized("DICOM of 100 rows", dx(CHEST[:100]), "at least 128"),
    refuses("DICOM, high bit apart from the others", dx(TWELVE, BitsStored=12, HighBit=15), "12 bits in 16"),
    refuses("DICOM, 1 bit", dx(BitsStored=1, HighBit=0), "1 bits in 8"),
    refuses("DICOM, 32 bits", dx(CHEST.astype(np.uint32)), "32 bits"),
    # === DICOM: what its header says ===
    *(refuses(f"DICOM, modality {name}", dx(Modality=name), name) for name in ("CT", "MR", "US", "MG", "NM", "SEG")),
    *(reads(f"DICOM, modality {name}", dx(Modality=name)) for name in ("CR", "DX", "DR", "RG", "XA")),
    *(reads(f"DICOM, modality {name}", dx(Modality=name), "modality") for name in ("OT", None)),
    *(
        refuses(f"DICOM, body part {name}", dx(BodyPartExamined=name), "body part")
        for name in ("KNEE", "T SPINE", "ABDOMEN")
    ),
    *(reads(f"DICOM, body part {name!r}", dx(BodyPartExamined=name)) for name in ("CHEST", "THORAX", "")),
    reads("DICOM, body part CHESTABDOMEN", dx(BodyPartExamined="CHESTABDOMEN"), "body-part"),
    *(
        refuses(f"DICOM, view {name}", dx(ViewPosition=name), "lateral")
        for name in ("LATERAL", "LL", "RL", "LEFT LATERAL")
    ),
    *(reads(f"DICOM, view {name}", dx(ViewPosition=name)) for name in ("AP", "PA")),
    *(reads(f"DICOM, view {name}", dx(ViewPosition=name), "view") for name in ("LLD", "RAO", "LLAT")),
    *(
        refuses(f"DICOM, view PA and code {scheme} {value}", dx(ViewPosition="PA", **view(value, scheme)), "lateral")
        for scheme, value in LATERAL
    ),
    *(
        reads(f"DICOM, view of code {scheme} {value}", dx(**view(value, scheme)))
        for scheme, value in (("SCT", "272479007"), ("SCT", "399348003"), ("SRT", "R-10206"), ("SNM3", "R-10214"))
    ),
    refuses("DICOM, view of a maker's code that means lateral", dx(**view("1", "99XY", "CHEST LAT")), "lateral"),
    reads("DICOM, view of a maker's code that means PA", dx(**view("1", "99XY", "Chest p.a."))),
    reads("DICOM, view of a maker's code", dx(**view("1", "99XY", "Standard")), "view"),
    reads("DICOM, oblique view by its code", dx(ViewPosition="AP", **view("399182000", "SCT")), "view"),
    reads(
        "DICOM, view of a code, modified to decubitus",
        dx(**view("399348003", "SCT", ViewModifierCodeSequence=[coded("1", "99XY", "Left lateral decubitus")])),
        "view",
    ),
    *(
        refuses(f"DICOM, body part CHEST and code {scheme} {value}", dx(**part(value, scheme, keyword)), "body part")
        for scheme, value, keyword in (
            ("SCT", "72696002", "AnatomicRegionSequence"),
            ("SRT", "T-D9200", "AnatomicRegionSequence"),
            ("SRT", "T-D4000", "AnatomicRegionSequence"),
            ("SCT", "122495006", "PrimaryAnatomicStructureSequence"),
        )
    ),
    *(
        reads(f"DICOM, body part of code {scheme} {value}", dx(**part(value, scheme)))
        for scheme, value in (("SRT", "T-D3000"), ("SCT", "816094009"), ("SCT", "39607008"), ("SRT", "T-11300"))
    ),
    reads("DICOM, body part of a code for chest and abdomen", dx(**part("416550000", "SCT")), "body-part"),
    reads(
        "DICOM, a device's program for lateral chests", dx(AcquisitionDeviceProcessingDescription="CHEST,LAT"), "view"
    ),
    reads("DICOM, a device's program for knees", dx(AcquisitionDeviceProcessingDescription="KNEE"), "body-part"),
    reads("DICOM, a device's program for chests", dx(AcquisitionDeviceProcessingDescription="W/CHEST PA AND LAT")),
    *(
        reads(
            f"DICOM, rows and columns to {'/'.join(directions)}",
            dx(PatientOrientation=directions, ViewPosition=name),
            *warned,
        )
        for name, directions, warned in (
            ("PA", ["L", "F"], ()),
            (None, ["LF", "FR"], ()),
            ("PA", ["A", "F"], ("view",)),
            (None, ["P", "F"], ("view",)),
            ("PA", ["R", "F"], ("view",)),
            (None, ["L", "H"], ("view",)),
            (None, ["F", "R"], ("view",)),
        )
    ),
    reads("DICOM, of one side", dx(ImageLaterality="L"), "view"),
    reads("DICOM, of no side", dx(ImageLaterality="U")),
    *(
        reads(f"DICOM, raw data by {keyword}", dx(**{keyword: value}), "raw")
        for keyword, value in (
            ("PresentationIntentType", "FOR PROCESSING"),
            ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.1.1.1"),
        )
    ),
    reads("DICOM, for presentation", dx(PresentationIntentType="FOR PRESENTATION")),
    *(reads(f"DICOM, patient of {age}", dx(PatientAge=age)) for age in ("012M", "003Y", "005Y", "")),
    *(
        reads(f"DICOM, patient of {age}", dx(PatientAge=age), "population")
        for age in ("200D", "011M", "006Y", "045Y", "70Y", "7Y")
    ),
    *(
        reads(f"DICOM, patient born {born}, {keyword} {taken}", dx(PatientBirthDate=born, **{keyword: taken}), *warned)
        for born, keyword, taken, warned in (
            ("20200102", "StudyDate", "20230101", ()),
            ("20200102", "SeriesDate", "20210101", ("population",)),
            ("20200102", "AcquisitionDate", "20260101", ()),
            ("20200102", "ContentDate", "20260102", ("population",)),
            ("2020.01.02", "StudyDate", "2023.01.01", ()),
            ("20200102", "StudyDate", "20190101", ()),
            ("18000102", "StudyDate", "20200101", ()),
            ("", "StudyDate", "20200101", ()),
        )
    ),
    reads("DICOM, text burned in", dx(BurnedInAnnotation="YES"), "burned-in-text"),
    reads("DICOM, no text burned in", dx(BurnedInAnnotation="NO")),
)
