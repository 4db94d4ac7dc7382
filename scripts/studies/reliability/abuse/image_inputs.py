"""Pictures and other files that are not DICOM, and the answer each gets: a row an input."""

import struct

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.studies.reliability.abuse.answers import (
    CHEST,
    COLOUR,
    GREY,
    LOSSY,
    NO_CHEST,
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
    deep,
    encode,
    exif,
    huge_png,
    photograph,
    png_chunk,
    screenshot,
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


def good(pixels: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    return encode(pixels, kind, **GOOD.get(kind, {}), **options)


def frames(kind: str) -> bytes:
    return encode(PICTURE, kind, save_all=True, append_images=[PICTURE.rotate(turn) for turn in (10, 20)])


def scaled(bits: int) -> np.ndarray:
    return np.round(GREY / GREY.max() * (2**bits - 1)).astype(np.uint16)


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


DEEP = np.dstack([SIXTEEN] * 3)
EDGE = np.broadcast_to(np.arange(240) < 40, (200, 240))
EDGE_BLACK = np.where(EDGE, 0, GREY)


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
    reads("negative", encode(255 - CHEST, "PNG"), "polarity", shows=1 - GREY, unread="seems to be a negative"),
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
            unread=NO_CHEST,
        )
        for how, join, names in (
            ("side by side", np.hstack, ("montage", "polarity")),
            ("one above the other", np.vstack, ("montage",)),
        )
    ),
    reads("a word on it", encode(worded(), "PNG"), "text", shows=np.asarray(worded()) / 255),
)
