"""What an archive answers, where it does not answer as the standard says."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

pytest.importorskip("pynetdicom")
pytest.importorskip("dicomweb_client")

from pynetdicom import AE
from pynetdicom.transport import AssociationSocket

from pneumonia.errors import NodeError
from pneumonia.node.archives import ArchiveDownError, parse_archive
from scripts.tools.make_dicom_example import write_image


@pytest.fixture
def image(tmp_path):
    return write_image(tmp_path / "a.dcm", side=64)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ARCHIVE", "ARCHIVE@host", "@host:104", "A\\B@host:104", "ARCHIVE@host:0", "ARCHIVE@host:65536"),
        *("http://", "http://[::1", "http://host:99999", "https://host:abc/x", "http://user:secret@host"),
    ],
)
def test_what_is_no_archive_is_told_in_a_sentence(text):
    with pytest.raises(NodeError, match=r"\.$"):
        parse_archive(text, "NODE")


def _answering(status, kind, body):
    """A web server that gives each request the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            # Chunks end with an empty one.
            while line := self.rfile.readline().strip():
                if self.rfile.read(int(line, 16) + 2) == b"\r\n":
                    break
            self.do_GET()

        def do_GET(self):
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (None, b"stored"),
        ("text/html", b"<html>"),
        ("application/dicom+xml", b"<html>"),
        ("application/dicom+json", b"<html>"),
        ("application/dicom+json", b"[]"),
        ("application/dicom+json", b'{"00081199": {"vr": "SQ", "Value": 5}}'),
        ("application/dicom+json", b'{"00081199": 5}'),
    ],
)
def test_an_answer_that_is_none_counts_as_trouble_that_passes(kind, body, image):
    server = _answering(200, kind, body)
    archive = parse_archive(f"http://127.0.0.1:{server.server_port}", "NODE")
    with archive.connect([image]) as connection, pytest.raises(ArchiveDownError):
        connection.store(image)
    server.shutdown()


@pytest.mark.parametrize(("status", "passes"), [(503, True), (502, True), (501, False), (404, False)])
def test_an_archive_that_can_tell_nothing_now_is_asked_again_before_an_object_is(status, passes, image):
    """One that never tells what it has is sent the object once more."""
    server = _answering(status, "text/plain", b"no")
    archive = parse_archive(f"http://127.0.0.1:{server.server_port}", "NODE")
    with archive.connect([image]) as connection:
        if passes:
            with pytest.raises(ArchiveDownError):
                connection.has(image)
        else:
            assert not connection.has(image)
    server.shutdown()


def test_an_archive_that_hangs_up_as_soon_as_it_was_reached_is_down(image, monkeypatch):
    entity = AE(ae_title="ARCHIVE")
    entity.add_supported_context("1.2.840.10008.5.1.4.1.1.1.1")
    server = entity.start_server(("127.0.0.1", 0), block=False)
    associate = AE.associate

    def associate_and_lose(self, *arguments, **options):
        association = associate(self, *arguments, **options)
        AssociationSocket.close(association.dul.socket)  # as its own thread does when the peer is gone
        return association

    monkeypatch.setattr(AE, "associate", associate_and_lose)
    archive = parse_archive(f"ARCHIVE@127.0.0.1:{server.server_address[1]}", "NODE")
    with pytest.raises(ArchiveDownError), archive.connect([image]) as connection:
        connection.store(image)
    server.shutdown()
