"""Takes images from the peers that are allowed to send them, and answers their C-ECHO."""

import ipaddress
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydicom.uid import AllTransferSyntaxes
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    Verification,
)
from pynetdicom.transport import ThreadedAssociationServer

from pneumonia.errors import NodeError
from pneumonia.imaging.decode import MAX_BYTES
from pneumonia.imaging.dicom_pixels import can_decode
from pneumonia.node.archives import ae_title
from pneumonia.node.disk_queue import DiskQueue, FullError
from pneumonia.utils.json_logging import log_event

# Of these an image is read. Secondary captures are not: they may be the objects of readings, on their way back.
READ_CLASSES = (ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation)
MOST_ASSOCIATIONS = 8
# A peer that is silent for so long is given up.
SILENT_SECONDS = 60
# Larger than what is asked for here, and than any request for an association; the length is whatever a peer says.
_MOST_PDU_BYTES, _PDU_BYTES = 2**20, 2**16
_SUCCESS, _OUT_OF_RESOURCES = 0x0000, 0xA700
# Rejected for good, by the service user: its AE title is not known here.
_UNKNOWN_TITLE = (1, 1, 3)


@dataclass(frozen=True)
class Peer:
    """Who may send images.

    Attributes:
        title: its AE title.
        address: its IP address; None for any.
    """

    title: str
    address: str | None

    @classmethod
    def parse(cls, text: str) -> "Peer":
        """The peer of `AE_TITLE` or `AE_TITLE@ADDRESS`.

        Raises:
            NodeError: it is neither.
        """
        title, at, address = text.partition("@")
        try:
            return cls(ae_title(title), str(ipaddress.ip_address(address)) if at else None)
        except ValueError:
            raise NodeError("--allow is AE_TITLE or AE_TITLE@ADDRESS, with an IP address.") from None


class Receiver:
    """The part of a node that listens.

    Args:
        title: its own AE title; a peer must call it by this.
        peers: who may send.
        queue: takes the images.
        arrived: called after each image that was stored.
    """

    def __init__(self, title: str, peers: Sequence[Peer], queue: DiskQueue, arrived: Callable[[], None]) -> None:
        self._peers, self._queue, self._arrived = tuple(peers), queue, arrived
        self.counts: Counter[str] = Counter()
        self._entity = AE(ae_title=title)
        self._entity.require_called_aet = True
        self._entity.maximum_associations = MOST_ASSOCIATIONS
        self._entity.maximum_pdu_size = _PDU_BYTES
        self._entity.network_timeout = SILENT_SECONDS
        syntaxes = [syntax for syntax in AllTransferSyntaxes if can_decode(syntax)]
        for context in AllStoragePresentationContexts:
            self._entity.add_supported_context(context.abstract_syntax or "", syntaxes)
        self._entity.add_supported_context(Verification)

    def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which the system chooses for 0.

        Raises:
            OSError: there is nothing to listen at.
        """
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, _distrust),
            (evt.EVT_REQUESTED, self._on_requested),
            (evt.EVT_PDU_RECV, self._on_part),
            (evt.EVT_C_STORE, self._on_image),
        ]
        server = self._entity.start_server((host, port), block=False, evt_handlers=handlers)
        assert isinstance(server, ThreadedAssociationServer)
        return server.server_address[1]

    def stop(self) -> None:
        """End all associations, and listen no more."""
        self._entity.shutdown()

    def _on_requested(self, event: evt.Event) -> None:
        requestor: Any = event.assoc.requestor
        title, address = requestor.primitive.calling_ae_title.strip(), requestor.address_info.address
        if not any(peer.title == title and peer.address in (None, address) for peer in self._peers):
            event.assoc.acse.send_reject(*_UNKNOWN_TITLE)
            event.assoc.kill()  # after it was told
            self._count(logging.WARNING, "peer-rejected")

    def _on_part(self, event: evt.Event) -> None:
        message: Any = event.assoc.dimse.message
        if message is not None and message.data_set.tell() + message.encoded_command_set.tell() > MAX_BYTES:
            event.assoc.abort()
            self._count(logging.WARNING, "image-too-large")

    def _on_image(self, event: evt.Event) -> int:
        request = cast(C_STORE, event.request)
        if request.AffectedSOPClassUID not in READ_CLASSES:
            self._count(logging.INFO, "no-radiograph")
            return _SUCCESS
        name = self._queue.identify(str(request.AffectedSOPInstanceUID))
        try:
            is_new = self._queue.put(name, event.encoded_dataset())
        except FullError:
            self._count(logging.WARNING, "queue-full")
            return _OUT_OF_RESOURCES
        except OSError:
            self._count(logging.ERROR, "disk-full")
            return _OUT_OF_RESOURCES
        if is_new:
            self._arrived()
        self._count(logging.INFO, "taken" if is_new else "known", id=name[:8])
        return _SUCCESS

    def _count(self, level: int, event: str, **fields: str) -> None:
        self.counts[event] += 1
        log_event(level, event, count=self.counts[event], **fields)


def _distrust(event: evt.Event) -> None:
    """Give up a peer that falls silent, or that announces more than belongs into a PDU."""
    connection: Any = event.assoc.dul.socket
    connection.socket.settimeout(SILENT_SECONDS)
    receive = connection.recv
    # Less than was announced ends the connection.
    connection.recv = lambda size: receive(size) if size <= _MOST_PDU_BYTES else bytearray()
