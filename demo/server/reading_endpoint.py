"""`POST /reading`: the bytes of an image in, its reading as JSON out; for programs, without a session or a picture."""

from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.server import texts
from demo.server.gradio_internals import upload_folder
from demo.shared.activity import BusyError
from demo.shared.predictors import Predictors, chosen_population, unavailable
from demo.shared.texts import NOT_STATED
from pneumonia.core.operating_points import BALANCED
from pneumonia.errors import ImageSizeError, UnknownNameError, WeightsError
from pneumonia.imaging.decode import MAX_BYTES
from pneumonia.utils.lookup import look_up
from pneumonia.variants.registry import DEFAULT

READING_PATH = "/reading"
# What can be asked for, with what stands for it where it is left out; the values of the last, with what they mean.
_DEFAULTS = {"variant": DEFAULT, "operating_point": BALANCED, "population": NOT_STATED, "heatmap": "false"}
_SWITCH = {"false": False, "true": True}
# A larger upload waits on the disk, in a file without a name that is gone when it is closed.
_IN_MEMORY = 2**20
_BUSY_SECONDS = "1"


_STATUS = {UnknownNameError: 400, ImageSizeError: 413, BusyError: 503, WeightsError: 503}


class ReadingEndpoint:
    """Reads what programs send, in turn with what the page reads.

    Args:
        predictors: those of the page.
    """

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    @property
    def route(self) -> Route:
        """Route that reads."""
        return Route(READING_PATH, self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        try:
            with SpooledTemporaryFile(_IN_MEMORY, dir=upload_folder()) as file:
                await _receive(request, file)
                return JSONResponse(await self._predictors.activity.in_turn(self._read, file, request.query_params))
        except ClientDisconnect:
            return Response()  # nobody is there to hear it
        except tuple(_STATUS) as error:
            headers = {"Retry-After": _BUSY_SECONDS} if isinstance(error, BusyError) else None
            return JSONResponse({"error": str(error), "code": error.code}, _STATUS[type(error)], headers)

    def _read(self, file: BinaryIO, asked: QueryParams) -> dict[str, Any]:
        variant, operating_point, population, heatmap = _chosen(asked)
        with_map = look_up(_SWITCH, heatmap, "choice for the heatmap")
        look_up(dict.fromkeys(self._predictors.names), variant, "variant")
        try:
            predictor = self._predictors.get(variant)
        except WeightsError as error:
            raise WeightsError(unavailable(variant, str(error))) from error
        reading = predictor.predict(file, operating_point, chosen_population(population))
        record = reading.to_dict()
        if with_map:
            # On the network's own grid: rows from top to bottom, in logits.
            record["heatmap"] = None if reading.heatmap is None else reading.heatmap.tolist()
            record["heatmap_scale"] = predictor.heatmap_scale
        return record


def _chosen(asked: QueryParams) -> list[str]:
    """The values of what can be asked for, in the order of `_DEFAULTS`.

    Raises:
        UnknownNameError: if something else is asked for.
    """
    for name in asked:
        look_up(_DEFAULTS, name, "parameter")
    return [asked.get(name, usual) for name, usual in _DEFAULTS.items()]


async def _receive(request: Request, file: BinaryIO) -> None:
    """Write what is sent to a file and return to its beginning.

    Raises:
        ImageSizeError: as soon as it is more than is read.
        ClientDisconnect: if the sender leaves before the end.
    """
    async for piece in request.stream():
        file.write(piece)
        if file.tell() > MAX_BYTES:
            raise ImageSizeError(texts.UPLOAD_TOO_LARGE.format(megabytes=MAX_BYTES // 10**6))
    file.seek(0)
