"""What an upload meets and the answer it gets: a row an input.

What becomes of DICOM's stored values is worked out by hand in `test_dicom.py`; every lossless syntax is compared, and
files are damaged at random, in `test_dicom_files.py` and `test_images_refused.py`; file names, identities and what is
kept of them are in `test_names.py`, archives in `test_archives.py`, judgements on real radiographs in `test_images.py`.
"""

import struct

import numpy as np
from PIL import Image, ImageDraw, ImageFont
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
    STEP,
    TWELVE,
    damaged,
    missized,
    reads,
    refuses,
)
from scripts.studies.reliability.abuse.tiffs import DEFLATE, JPEG, LZW, NONE, ZSTD, tiff
from scripts.studies.reliability.synthetic_images import (
    camera,
    cartoon,
    coded,
    deep,
    dicom_bytes,
    dicom_dataset,
    encode,
    exif,
    huge_png,
    lookup_table,
    photograph,
    png_chunk,
    screenshot,
    to_bytes,
)

KINDS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
GOOD = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
# EXIF orientation -> how the camera stored it: the inverse of what sets it upright.
HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


# === Made files ===


def good(pixels: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    return encode(pixels, kind, **GOOD.get(kind, {}), **options)


def frames(kind: str) -> bytes:
    return encode(PICTURE, kind, save_all=True, append_images=[PICTURE.rotate(turn) for turn in (10, 20)])


def scaled(bits: int) -> np.ndarray:
    return np.round(GREY / GREY.max() * (2**bits - 1)).astype(np.uint16)


def beginning(data: bytes, share: float) -> bytes:
    return data[: int(share * len(data))]


def edge_clear(mode: str) -> bytes:
    image = PICTURE.convert("RGBA")
    image.paste((255, 255, 255, 0), (0, 0, 40, 200))
    return encode(image.convert(mode), "PNG")


def process(marker: int, bits: int = 8, colours: int = 1) -> bytes:
    """A JPEG whose frame header says that it was made by another process."""
    data = bytearray(encode(PICTURE, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4], data[at + 9] = marker, bits, colours
    return bytes(data)


def of_runs(pixels: np.ndarray) -> bytes:
    """A BMP with run-length encoding, a run for each pixel."""
    body = b"".join(bytes(number for grey in row for number in (1, grey)) + b"\0\0" for row in pixels[::-1]) + b"\0\1"
    palette = bytes(number for grey in range(256) for number in (grey, grey, grey, 0))
    head = struct.pack("<IHHI", 1078 + len(body), 0, 0, 1078)
    shape = struct.pack("<IiiHHIIiiII", 40, *pixels.shape[::-1], 1, 8, 1, len(body), 0, 0, 256, 0)
    return b"BM" + head + shape + palette + body


def with_a_copy(pixels: np.ndarray) -> bytes:
    """A TIFF whose second page is a smaller copy of the first."""
    small = Image.fromarray(pixels[::4, ::4])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    return encode(pixels, "TIFF", save_all=True, append_images=[small])


def white_is_zero(pixels: np.ndarray) -> bytes:
    data = bytearray(encode(~pixels, "TIFF"))
    data[data.index(struct.pack("<HHIH", 262, 3, 1, 1)) + 8] = 0  # PhotometricInterpretation
    return bytes(data)


def marked() -> np.ndarray:
    image = COLOUR.copy()
    image[10:20, 10:60] = (255, 0, 0)
    return image


def dx(pixels: np.ndarray = CHEST, syntax: uid.UID = uid.ExplicitVRLittleEndian, **elements) -> bytes:
    return dicom_bytes(pixels, syntax, **elements)


def packed(syntax: uid.UID, frame: bytes, pixels: np.ndarray = CHEST, **elements) -> bytes:
    return dicom_bytes(pixels, syntax, PixelData=encapsulate([frame]), **elements)


def worded() -> Image.Image:
    image = PICTURE.resize((960, 800))
    ImageDraw.Draw(image).text((20, 20), "SUPINE 12:45", 255, ImageFont.load_default(40))
    return image


def palette(order: str) -> dict[str, object]:
    """Inverts."""
    words = (np.arange(255, -1, -1) * 257).astype(f"{order}u2").tobytes()
    entries = {"PaletteColorLookupTableDescriptor": [256, 0, 16], "PaletteColorLookupTableData": words}
    named = {f"{colour}{name}": value for colour in ("Red", "Green", "Blue") for name, value in entries.items()}
    return {"PhotometricInterpretation": "PALETTE COLOR", **named}


def twelve(**elements) -> bytes:
    return dx(TWELVE, BitsStored=12, **elements)


DEEP = np.dstack([SIXTEEN] * 3)


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
EDGE = np.broadcast_to(np.arange(240) < 40, (200, 240))
EDGE_BLACK = np.where(EDGE, 0, GREY)
# Where a display window from 1024 to 3072 of 4096 is black and white.
WINDOWED = np.clip((TWELVE - 1023.5) / 2048, 0, 1)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 2049}
SIGNED = TWELVE.astype(np.int16)
PLAIN = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)

ROWS = (
    # === Pictures ===
    *(reads(f"{kind} in grey", good(CHEST, kind), within=LOSSY if kind == "JPEG" else STEP) for kind in KINDS),
    *(reads(f"{kind} in RGB", good(COLOUR, kind), within=LOSSY if kind == "JPEG" else STEP) for kind in KINDS),
    *(
        damaged(
            f"{kind}, the first {share:.0%} of it",
            good(CHEST, kind)[: int(share * len(good(CHEST, kind)))],
            "truncated",
        )
        for kind in KINDS
        for share in (0.1, 0.5, 0.97)
    ),
    reads("CMYK JPEG", good(PICTURE.convert("RGB").convert("CMYK"), "JPEG"), within=LOSSY),
    reads("CMYK TIFF", encode(PICTURE.convert("RGB").convert("CMYK"), "TIFF")),
    reads("palette PNG", encode(PICTURE.convert("P"), "PNG")),
    *(reads(f"{mode} PNG, the left edge clear", edge_clear(mode), shows=EDGE_BLACK) for mode in ("LA", "RGBA")),
    reads(
        "16-bit RGBA PNG, the left edge clear",
        deep(np.dstack([*[SIXTEEN] * 3, np.where(EDGE_BLACK > 0, 65535, 0).astype(np.uint16)])),
        shows=EDGE_BLACK,
    ),
    reads(
        "palette PNG with one clear colour",
        encode(PICTURE.convert("P"), "PNG", transparency=200),
        shows=np.where(CHEST == 200, 0, GREY),
    ),
    *(
        reads(
            f"{bits} bits in a 16-bit {kind[1:].upper()}, {'RGB' if channels == 3 else 'grey'}",
            deep(np.dstack([scaled(bits)] * channels).squeeze(), kind),
            shows=scaled(bits) / (2**bits - 1),
        )
        for bits in (8, 10, 12, 14, 16)
        for channels in (1, 3)
        for kind in (".png", ".tiff")
    ),
    *(reads(f"{bits}-bit TIFF where 0 is white", white_is_zero(p)) for bits, p in ((8, CHEST), (16, SIXTEEN))),
    refuses("float TIFF", encode(GREY.astype(np.float32), "TIFF"), "floating point"),
    *(refuses(f"1-bit {kind}", encode(PICTURE.convert("1"), kind), "black and white") for kind in ("PNG", "TIFF")),
    *(refuses(f"{kind} of several frames", frames(kind), "3 frames") for kind in ("GIF", "WEBP", "TIFF", "PNG")),
    # === Kinds of a kind ===
    *(
        refuses(f"JPEG that is {name}", data, name, "not read", "Export")
        for name, data in (
            ("a JPEG of 12 bits", process(0xC1, 12)),
            ("a JPEG of 16 bits", process(0xC1, 16)),
            ("a lossless JPEG", process(0xC3)),
            ("a lossless JPEG with arithmetic", process(0xCB)),
            ("a hierarchical JPEG", process(0xC5)),
            ("a JPEG-LS image", process(0xF7)),
            ("a JPEG of 2 colours", process(0xC0, colours=2)),
        )
    ),
    *(
        refuses(f"TIFF in {name}, {compression}", tiff(pixels, t259=compression), name, "not read", "Export")
        for name, compression, pixels in (
            *(("JPEG 2000", number, CHEST) for number in (33003, 33005, 34712)),
            *(("WebP", 50001, COLOUR), ("JPEG XL", 50002, CHEST), ("LERC", 34887, CHEST), ("a fax", 4, CHEST)),
            *(("old-style JPEG", 6, CHEST), ("SGI LogLuv", 34676, SIXTEEN), ("number 65000", 65000, CHEST)),
        )
    ),
    *(
        refuses(f"TIFF of {len(data)} bytes, {words}", data, words, "Export")
        for words, data in (
            ("numbers below 0", tiff((SIXTEEN.astype(np.int32) - 32768).astype(np.int16))),
            ("numbers below 0", tiff(CHEST.view(np.int8))),
            ("complex numbers", tiff(SIXTEEN, t339=6)),
            ("CIELab", tiff(COLOUR, photometric=8)),
            ("a mask", tiff(CHEST, photometric=4)),
            ("a camera's raw colours", tiff(SIXTEEN, photometric=32803)),
            ("14 bits", tiff(SIXTEEN, t258=14)),
            ("several layers", tiff(CHEST, t32997=3)),
            ("predicted as floating point", tiff(SIXTEEN, compression=DEFLATE, t317=3)),
        )
    ),
    *(
        reads(f"TIFF, {name}", tiff(pixels, **form), shows=shows)
        for name, pixels, form, shows in (
            ("grey with alpha in 16 bits", np.dstack([SIXTEEN, SIXTEEN * 0 + 65535]), {"extra": 2}, GREY),
            ("grey with alpha in planes", np.dstack([CHEST, CHEST * 0 + 255]), {"extra": 2, "planar": 2}, GREY),
            *(
                (f"0 is white, LZW, {order}", ~SIXTEEN, {"photometric": 0, "compression": LZW, "order": order}, GREY)
                for order in "<>"
            ),
            ("16-bit colour in Zstandard", DEEP, {"compression": ZSTD}, GREY),
            ("signed numbers from 0", TWELVE.astype(np.int16), {}, GREY),
            ("big endian BigTIFF", SIXTEEN, {"order": ">", "big": True}, GREY),
            *(
                (f"16-bit colour in {how}, compression {compression}", DEEP, form | {"compression": compression}, GREY)
                for how, form in (
                    ("planes", {"planar": 2}),
                    ("planes and tiles", {"planar": 2, "tile": 64}),
                    ("differences", {"predictor": 2, "tile": 64}),
                )
                for compression in ((LZW, DEFLATE) if "predictor" in form else (NONE, LZW))
            ),
        )
    ),
    *(
        damaged(f"TIFF of {pixels.dtype}, planes {planar}, strips missing", tiff(pixels, planar=planar, missing=2))
        for pixels in (COLOUR, DEEP)
        for planar in (1, 2)
    ),
    reads("TIFF of JPEG strips", tiff(CHEST, compression=JPEG), within=LOSSY),
    *(
        damaged(f"TIFF of JPEG {pieces} that are smaller than it says", tiff(CHEST, compression=JPEG, **form))
        for pieces, form in (
            ("strips", {"rows": 50, "t278": ("I", (100,))}),
            ("tiles", {"tile": 64, "t322": ("I", (128,)), "t323": ("I", (128,))}),
        )
    ),
    reads("TIFF with a smaller copy of itself", with_a_copy(CHEST)),
    reads("BMP of runs", of_runs(CHEST)),
    refuses(
        "PNG of an iPhone",
        encode(PICTURE, "PNG")[:8] + png_chunk(b"CgBI", bytes(4)) + encode(PICTURE, "PNG")[8:],
        "CgBI",
    ),
    reads("film on a blue base", encode((COLOUR * (0.8, 0.9, 1)).astype(np.uint8), "PNG"), "colour", within=0.13),
    # === Other files, whatever their names ===
    refuses("empty file", b"", "empty", "Export"),
    refuses("HEIC photograph", b"\0\0\0\x18ftypheic" + bytes(100), "HEIC", "Export"),
    refuses("HEIF photograph", b"\0\0\0\x18ftypmif1" + bytes(100), "HEIC", "Export"),
    refuses("AVIF", b"\0\0\0\x18ftypavif" + bytes(100), "AVIF", "Export"),
    refuses("video", b"\0\0\0\x18ftypisom" + bytes(100), "video", "Export"),
    refuses("SVG", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG", "Export"),
    refuses("PDF", encode(PICTURE, "PDF"), "PDF", "Export"),
    refuses("EPS", encode(PICTURE, "EPS"), "EPS", "Export"),
    refuses("text", "Röntgen: no finding.".encode(), "text", "Export"),
    *(
        refuses(f"BMP of {bits} bits per pixel", data[:28] + bytes([bits]) + data[29:], f"a BMP of {bits} bits")
        for data in [encode(CHEST, "BMP")]
        for bits in (2, 64)
    ),
    refuses("text that begins like a BMP", b"BMI is 22 and this is a text", "text", "Export"),
    refuses("web page", b"<!DOCTYPE html><html></html>", "text", "Export"),
    refuses("Office document", b"PK\x03\x04" + bytes(50), "ZIP", "Export"),
    refuses("gzip", b"\x1f\x8b\x08" + bytes(50), "gzip", "Export"),
    refuses("bare JPEG 2000", encode(PICTURE, "JPEG2000"), "JPEG 2000", "Export"),
    refuses("program", b"\x7fELF" + bytes(range(256)), "unknown", "Export"),
    refuses("zeros", bytes(1000), "unknown", "Export"),
    *(damaged(f"{kind}, the header alone", good(CHEST, kind)[:40], "damaged") for kind in KINDS),
    # === Photographs ===
    *(
        reads(
            f"{kind} with EXIF orientation {orientation}",
            good(PICTURE.transpose(turn), kind, exif=exif(0x0112, orientation)),
            "photograph",
            within=LOSSY if kind == "JPEG" else STEP,
        )
        for orientation, turn in HELD.items()
        for kind in ("JPEG", "PNG", "TIFF")
    ),
    *(
        reads(f"JPEG whose EXIF data {name}", good(CHEST, "JPEG", exif=data), within=LOSSY)
        for name, data in (
            ("is empty", b"Exif\0\0"),
            ("points behind itself", b"Exif\0\0II*\0" + struct.pack("<I", 5000)),
            ("has a tag longer than itself", b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 0x927C, 7, 90000, 4000)),
            ("says it has more tags", b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 60000, 0x0112, 3, 1, 1)),
        )
    ),
    reads("JPEG with a camera's exposure", good(CHEST, "JPEG", exif=camera()), "photograph", within=LOSSY),
    reads(
        "phone's JPEG with a preview",
        encode(PICTURE, "MPO", save_all=True, append_images=[PICTURE.resize((130, 130))], quality=95),
        within=LOSSY,
    ),
    # === Sizes ===
    missized("PNG of 25 megapixels and a little", huge_png(5001, 5000), "5001 x 5000", "megapixels"),
    missized("PNG of 100 megapixels", huge_png(10_000, 10_000), "megapixels"),
    missized("PNG of 3600 megapixels", huge_png(60_000, 60_000), "megapixels"),
    missized("shorter side of 127", encode(PICTURE.resize((300, 127)), "PNG"), "300 x 127", "at least 128"),
    reads(
        "both sides of 128",
        encode(PICTURE.resize((128, 128)), "PNG"),
        shows=np.asarray(PICTURE.resize((128, 128))) / 255,
    ),
    # === No radiograph, or one that was changed ===
    *(
        refuses(f"all {name}", encode(np.full_like(CHEST, grey), "PNG"), "blank")
        for name, grey in (("black", 0), ("white", 255))
    ),
    refuses(
        "nearly one grey", encode(np.random.default_rng(0).integers(126, 130, CHEST.shape, np.uint8), "PNG"), "blank"
    ),
    refuses("two greys", encode((CHEST > 100).astype(np.uint8) * 255, "PNG"), "few grey levels"),
    refuses("colour photograph, JPEG", encode(photograph(), "JPEG"), "colour"),
    refuses("colour photograph, 16-bit PNG", deep(photograph() * np.uint16(257)), "colour"),
    refuses("cartoon", encode(cartoon(), "PNG"), "colour"),
    refuses("screenshot", encode(screenshot(), "PNG"), "colour"),
    reads("sepia", encode((COLOUR * (1, 0.96, 0.88)).astype(np.uint8), "PNG"), within=LOSSY),
    reads("coloured marks", encode(marked(), "PNG"), "colour", shows=marked() @ (0.299, 0.587, 0.114) / 255),
    reads("negative", encode(255 - CHEST, "PNG"), "polarity", shows=1 - GREY),
    reads("little contrast", encode(CHEST // 4, "PNG"), "exposure", shows=GREY / 4),
    reads(
        "wide black borders",
        encode(np.pad(CHEST, ((20, 20), (60, 60))), "PNG"),
        "border",
        shows=np.pad(GREY, ((20, 20), (60, 60))),
    ),
    reads(
        "wide white borders",
        encode(np.pad(CHEST, 60, constant_values=255), "PNG"),
        "border",
        shows=np.pad(GREY, 60, constant_values=1),
    ),
    *(
        reads(
            f"two pictures {how}",
            encode(join([CHEST, CHEST // 3]), "PNG"),
            *names,
            shows=join([CHEST, CHEST // 3]) / 255,
            is_chest=False,
        )
        for how, join, names in (
            ("side by side", np.hstack, ("montage", "polarity")),
            ("one above the other", np.vstack, ("montage",)),
        )
    ),
    reads("a word on it", encode(worded(), "PNG"), "text", shows=np.asarray(worded()) / 255),
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
