"""Take radiographs by C-STORE, read them, and send the objects of each reading to an archive."""

import argparse
import logging
import signal
import threading
from pathlib import Path

from pneumonia.cli.arguments import add_network, add_population, population_of, port, positive
from pneumonia.cli.exit_codes import DONE, FAILED
from pneumonia.cli.terminal import load_quietly
from pneumonia.core.notices import NOTICE
from pneumonia.core.operating_points import BALANCED, OPERATING_POINTS
from pneumonia.node.archives import ae_title, parse_archive
from pneumonia.node.disk_queue import DiskQueue
from pneumonia.node.node import Node
from pneumonia.node.reading import name_of_reader, reader_of
from pneumonia.node.receiver import Peer, Receiver
from pneumonia.utils.json_logging import log_event, start_logging


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--queue",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for images and objects until they are delivered; open to its owner alone",
    )
    parser.add_argument(
        "--archive",
        required=True,
        metavar="AET@HOST:PORT|URL",
        help="where the objects are sent: by C-STORE, or by STOW-RS to the URL of a DICOMweb service",
    )
    parser.add_argument(
        "--allow",
        action="append",
        required=True,
        metavar="AET[@ADDRESS]",
        help="who may send images: an AE title, from one IP address or from any; may be given several times",
    )
    parser.add_argument("--aet", default="PNEUMONIA", help="AE title of the node (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=port, default=11112, help="default: %(default)s")
    parser.add_argument(
        "--most-waiting",
        type=positive,
        default=1000,
        metavar="N",
        help="images in the queue, beyond which more are refused (default: %(default)s)",
    )
    add_network(parser)
    parser.add_argument("--operating-point", choices=OPERATING_POINTS, default=BALANCED, help="default: %(default)s")
    add_population(parser)


def run(arguments: argparse.Namespace) -> int:
    title = ae_title(arguments.aet)
    peers = [Peer.parse(text) for text in arguments.allow]
    archive = parse_archive(arguments.archive, title)
    predictor = load_quietly(arguments.variant, arguments.weights)
    settings = (predictor, arguments.operating_point, population_of(arguments))
    queue = DiskQueue(arguments.queue, name_of_reader(*settings), arguments.most_waiting)
    node = Node(queue, reader_of(*settings), archive)
    receiver = Receiver(title, peers, queue, node.reading.wake)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    start_logging()
    listening_at = receiver.start(arguments.host, arguments.port)
    log_event(logging.INFO, "listening", port=listening_at, notice=NOTICE)
    try:
        node.start()
        while node.is_alive and not ended.wait(1):
            pass
    finally:
        receiver.stop()
        node.stop()
    # Otherwise a thread failed as nobody expected; its crash is in the log.
    return DONE if ended.is_set() else FAILED
