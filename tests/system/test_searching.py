"""The search for marks finds one in every form in which it could hide; else finding none would mean nothing."""

import base64
import gzip
import json
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL.PngImagePlugin import PngInfo
from pydicom.uid import DeflatedExplicitVRLittleEndian
from reportlab.pdfgen.canvas import Canvas

from scripts.studies.reliability.synthetic_images import dicom_bytes, encode, radiograph
from tests.fixtures.marks import INSIDE, NAMED, marked_archive, marked_elements, readable, refused
from tests.fixtures.searching import all_files, marks_anywhere, marks_inside, marks_of_names

MARK = f"{INSIDE}00100010"


def packed(name: str, data: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def png_with_text(tight: bool) -> bytes:
    texts = PngInfo()
    texts.add_text("Author", MARK * 9, zip=tight)
    return encode(radiograph(), "PNG", pnginfo=texts)


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"name": [MARK] * 50}), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def pdf(title: str, text: str) -> bytes:
    canvas = Canvas(stream := BytesIO(), pageCompression=1)
    canvas.setTitle(title)
    canvas.drawString(72, 72, text)
    canvas.save()
    return stream.getvalue()


def archive_with_comments() -> bytes:
    with zipfile.ZipFile(stream := BytesIO(), "w") as archive:
        archive.comment = MARK.encode()
        archive.writestr("x", "x")
    return packed("inner.zip", stream.getvalue())


FORMS: dict[str, Callable[[], object]] = {
    "text": lambda: f"of {MARK}.",
    "small letters": lambda: MARK.lower().encode(),
    "bytes in a list": lambda: [{"name": MARK.encode()}],
    "UTF-16": lambda: MARK.encode("utf-16-le"),
    "UTF-16, high byte first": lambda: b"\xfe\xff" + MARK.encode("utf-16-be"),
    "JSON escapes": lambda: "".join(f"\\u{ord(c):04x}" for c in MARK).encode(),
    "Python escapes": lambda: "".join(f"\\x{ord(c):02x}" for c in MARK).encode(),
    "URL": lambda: "".join(f"%{ord(c):02X}" for c in MARK).encode(),
    "HTML": lambda: "".join(f"&#{ord(c)};" for c in MARK).encode(),
    "base64": lambda: b"data:text/plain;base64," + base64.b64encode(b"of " + MARK.encode()),
    "base64 within more": lambda: b"/file/of/it" + base64.urlsafe_b64encode(b"?" + MARK.encode()),
    "hex": lambda: b"<FEFF" + MARK.encode("utf-16-be").hex().upper().encode() + b">",
    "zlib": lambda: b"before" + zlib.compress(MARK.encode() * 9) + b"after",
    "gzip": lambda: b"before" + gzip.compress(MARK.encode() * 9),
    "gzip in base64 in JSON": lambda: json.dumps({"a": base64.b64encode(gzip.compress(MARK.encode())).decode()}),
    "name in ZIP": lambda: packed(f"{MARK}.png", b"x"),
    "member of ZIP": lambda: packed("x", MARK.encode() * 9),
    "comment of ZIP in ZIP": archive_with_comments,
    "PNG text": lambda: png_with_text(tight=False),
    "PNG text, packed": lambda: png_with_text(tight=True),
    "PNG in base64": lambda: base64.b64encode(png_with_text(tight=True)),
    "DICOM": lambda: dicom_bytes(radiograph(), PatientName=MARK),
    "DICOM, deflated": lambda: dicom_bytes(radiograph(), DeflatedExplicitVRLittleEndian, PatientName=MARK),
    "PDF title": lambda: pdf(MARK, "-"),
    "PDF page": lambda: pdf("-", MARK),
    "Parquet": parquet,
}


@pytest.mark.promise(
    "The search for what names somebody would find it in every form that was thought of.", part="Privacy"
)
@pytest.mark.parametrize("form", FORMS)
def test_it_finds_a_mark_in_every_form(form):
    assert any(found.upper().startswith(INSIDE) for found in marks_inside(FORMS[form]()))


@pytest.mark.parametrize("date", ["18870713", "1887-07-13", "13.07.1887"])
def test_it_finds_dates_identifiers_numbers_and_names(date):
    assert marks_inside(f"born {date}") == {date}
    assert marks_inside("1.2.826.2718284590.1048592") and marks_inside({"id": 1618033988})
    assert marks_of_names(Path(f"/uploads/{NAMED}_1.png")) and not marks_inside(f"{NAMED}_1.png")


def test_it_finds_what_lies_in_a_folder(tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / f"{NAMED}.txt").write_text(MARK)
    found = all_files(tmp_path)
    assert marks_of_names(*found) and marks_inside(*found.values()) == {MARK}


def test_it_finds_nothing_where_nothing_is():
    plain = (encode(radiograph(), "PNG"), dicom_bytes(radiograph()), packed("chest.png", b"x"), pdf("a", "b"))
    assert not marks_anywhere(*plain, "QZX 7W, NKV-3J, 1887")


def test_everything_that_can_name_somebody_is_marked(tmp_path):
    elements = marked_elements()
    assert len(elements) > 1500 and {0x00100010, 0x00080080, 0x0020000D} <= set(elements)
    found = marks_inside(readable()[f"{NAMED}DICOM"])
    expected = {mark.split("^")[0] for vr, mark in elements.values() if mark.startswith(INSIDE) and vr != "UR"}
    assert not expected - found
    inside = ("PREAMBLE", "META", "INFORMATION", "PRIVATE", "BYTES", "DOCUMENT", "PADDING", "DEEP00110003", "CHARSET")
    assert {f"{INSIDE}{where}" for where in inside} <= found
    for name, data in (readable() | refused()).items():
        assert marks_inside(data), name
    packed_too = marked_archive(tmp_path / "a.zip", [("chest.png", b"x")]).read_bytes()
    assert {f"{INSIDE}{where}" for where in ("ARCHIVE", "MEMBER", "FIELD")} <= marks_inside(packed_too)
