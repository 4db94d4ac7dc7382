"""The archive that objects are sent to: by C-STORE, or by STOW-RS of DICOMweb.

What an archive does not clearly answer counts as trouble that passes, so that nothing is lost by a misunderstanding.
"""

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread
from pynetdicom import AE, Association, build_context, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from pneumonia.errors import NodeError
from pneumonia.imaging.dicom_values import PYDICOM_ERRORS

CONNECTION_SECONDS, ANSWER_SECONDS = 10, 60
# Status of C-STORE (PS3.4 B.2.3 and PS3.7 C): stored, perhaps with a warning; and out of resources, which passes.
_STORED, _OUT_OF_RESOURCES = (0x0000, 0x0107, 0x0116, *range(0xB000, 0xC000)), range(0xA700, 0xA800)
# Status of HTTP by which an archive says that something is wrong with the object.
_REFUSED_BY_HTTP = (400, 406, 409, 413, 415, 422)
# By which it, or what stands before it, says that it can answer nothing now.
_PASSES_BY_HTTP = (429, 502, 503, 504)


class ArchiveDownError(Exception):
    """The archive cannot be reached or can take nothing now; nobody knows whether it has what was sent last."""


class ObjectRefusedError(Exception):
    """The archive does not take an object; the text is its status."""


class Connection(Protocol):
    """An archive that was reached. Each method raises `ArchiveDownError` where it cannot be reached any more."""

    def has(self, path: Path) -> bool:
        """Tell whether the archive has the object of a file; False also where it answers no such question."""

    def store(self, path: Path) -> None:
        """Store the object of a file; raises `ObjectRefusedError` where the archive does not take it."""


class Archive(Protocol):
    """Where objects are sent."""

    def connect(self, paths: Sequence[Path]) -> AbstractContextManager[Connection]:
        """Reach the archive for these files; raises `ArchiveDownError` where it cannot be reached."""


def parse_archive(text: str, own_title: str) -> Archive:
    """The archive of `AE_TITLE@HOST:PORT` or of the URL of a DICOMweb service.

    Raises:
        NodeError: it is neither.
    """
    if text.startswith(("http://", "https://")):
        try:
            parts = urlsplit(text)
            usable = parts.hostname and not parts.password and parts.port != 0
        except ValueError:  # its port is none, or its brackets do not match
            usable = False
        if not usable:
            raise NodeError(
                "The URL of --archive needs a host and a port that there may be, and holds no password: that goes "
                "into ~/.netrc."
            )
        return DicomWebArchive(text)
    if not (found := re.fullmatch(r"(.+)@(.+):(\d{1,5})", text)) or not 0 < int(found[3]) < 2**16:
        raise NodeError("--archive is AE_TITLE@HOST:PORT, or the URL of a DICOMweb service.")
    return StoreArchive(ae_title(found[1]), found[2].strip("[]"), int(found[3]), own_title)


def ae_title(text: str) -> str:
    """An AE title without the blanks around it.

    Raises:
        NodeError: it is none.
    """
    if not re.fullmatch(r"[ -\[\]-~]{1,16}", text.strip()):
        raise NodeError("An AE title has 1 to 16 characters of ASCII, no backslash among them.")
    return text.strip()


# === C-STORE ===


@dataclass(frozen=True)
class StoreArchive:
    """An archive that takes C-STORE; where it takes C-FIND as well, it is asked what it has."""

    title: str
    host: str
    port: int
    own_title: str

    @contextmanager
    def connect(self, paths: Sequence[Path]) -> Iterator["_StoreConnection"]:
        entity = AE(ae_title=self.own_title)
        entity.connection_timeout, entity.acse_timeout = CONNECTION_SECONDS, CONNECTION_SECONDS
        entity.dimse_timeout = entity.network_timeout = ANSWER_SECONDS
        metas = [dcmread(path, stop_before_pixels=True).file_meta for path in paths]
        kinds = {(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID) for meta in metas}
        # One for each, or the archive would choose one syntax for all objects of a class.
        contexts = [build_context(*kind) for kind in sorted(kinds)]
        contexts.append(build_context(StudyRootQueryRetrieveInformationModelFind))
        handlers: list[Any] = [(evt.EVT_CONN_OPEN, _send_at_once)]
        association = entity.associate(self.host, self.port, contexts, self.title, evt_handlers=handlers)
        if not association.is_established:
            raise ArchiveDownError
        try:
            yield _StoreConnection(association)
        finally:
            if association.is_established:
                association.release()


def _send_at_once(event: evt.Event) -> None:
    """A request goes out in two parts: otherwise each would wait for the other side to confirm the first, 40 ms."""
    connected: Any = event.assoc.dul.socket
    connected.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True)
class _StoreConnection:
    association: Association

    def has(self, path: Path) -> bool:
        wanted, query = dcmread(path, stop_before_pixels=True), Dataset()
        query.QueryRetrieveLevel = "IMAGE"
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(query, keyword, wanted[keyword].value)
        try:
            # To the last, which would be taken for the answer to the next request.
            answers = list(self.association.send_c_find(query, StudyRootQueryRetrieveInformationModelFind))
        except ValueError:
            return False  # it does not take C-FIND
        except RuntimeError:
            raise ArchiveDownError from None
        if not all(status for status, _ in answers):
            raise ArchiveDownError
        return any(found is not None for _, found in answers)

    def store(self, path: Path) -> None:
        try:
            answer = self.association.send_c_store(path)
        except ValueError:
            raise ObjectRefusedError("no presentation context") from None
        except RuntimeError:
            raise ArchiveDownError from None
        status = answer.get("Status")
        if status is None or status in _OUT_OF_RESOURCES:
            raise ArchiveDownError
        if status not in _STORED:
            raise ObjectRefusedError(f"{status:04X}")


# === DICOMweb ===


class DicomWebArchive:
    """An archive that takes STOW-RS, and is asked by QIDO-RS what it has.

    Name and password are taken from ~/.netrc.

    Args:
        url: of the service.
    """

    def __init__(self, url: str) -> None:
        self._client = DICOMwebClient(url, timeout=ANSWER_SECONDS)
        self._client.set_http_retry_params(retry=False)

    @contextmanager
    def connect(self, paths: Sequence[Path]) -> Iterator["DicomWebArchive"]:
        yield self

    def has(self, path: Path) -> bool:
        # In a URL, which archives log, nothing stands that comes from the image.
        wanted = {"SOPInstanceUID": dcmread(path, stop_before_pixels=True).SOPInstanceUID}
        try:
            return bool(self._client.search_for_instances(search_filters=wanted))
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code in _PASSES_BY_HTTP:
                raise ArchiveDownError from None
            return False
        except requests.RequestException:
            raise ArchiveDownError from None

    def store(self, path: Path) -> None:
        dataset = dcmread(path)
        try:
            answer = self._client.store_instances([dataset])
        except requests.HTTPError as error:
            status = None if error.response is None else error.response.status_code
            if status in _REFUSED_BY_HTTP:
                raise ObjectRefusedError(f"HTTP {status}") from None
            raise ArchiveDownError from None
        except (requests.RequestException, SyntaxError, *PYDICOM_ERRORS):
            raise ArchiveDownError from None  # the others: an answer that is no DICOM, in XML or JSON
        for failed in answer.get("FailedSOPSequence", ()):
            raise ObjectRefusedError(f"{failed.get('FailureReason', 0):04X}")
        if not answer.get("ReferencedSOPSequence"):
            raise ArchiveDownError
