"""Uses of what Gradio's documentation does not promise; with a new version, look through this file first.

Written for Gradio 6.31.0.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.exceptions import ComponentProcessingError, InvalidPathError
from gradio.route_utils import API_PREFIX, CustomCORSMiddleware
from gradio.routes import App
from gradio.utils import get_type_hints, get_upload_folder
from gradio_client.utils import encode_file_path, is_file_obj_with_meta, is_http_url_like, traverse

from demo.server import texts
from demo.server.disk_full import is_disk_full
from demo.shared import texts as shared_texts
from demo.shared.activity import Activity
from demo.shared.components import LATER_INPUTS
from demo.shared.events import BATCH_QUEUE, READING_QUEUE
from demo.shared.user_error import user_error
from pneumonia.utils.json_logging import log_crash

# What Gradio's components raise of values that are not of their kind.
_WRONG_VALUES = (AttributeError, ComponentProcessingError, LookupError, TypeError, ValueError)

# Events that readers wait for.
_WAITED_FOR = (READING_QUEUE["concurrency_id"], BATCH_QUEUE["concurrency_id"])


class PrivateBlocks(gr.Blocks):
    """A page that takes files and no addresses of files, which Gradio would fetch, and prints no failures.

    Args:
        activity: counts its readings.
        options: of `gr.Blocks`.
    """

    def __init__(self, activity: Activity, **options: Any) -> None:
        super().__init__(**options)
        self._activity = activity

    async def process_api(self, block_fn: BlockFunction, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Run an event, as `gr.Blocks`; of an exception, which may quote a file's name, only the kind is logged.

        Raises:
            gr.Error: whatever failed.
        """
        data = getattr(named.get("event_data"), "_data", None)
        selection = data if isinstance(data, dict) else {}  # a slider sends its number
        try:
            # The page sends none of these; whoever asks for events by their number may.
            if block_fn.fn is None or not _required_of_selection(block_fn.fn) <= selection.keys():
                raise user_error(shared_texts.WRONG_VALUES)
            waited_for = block_fn.concurrency_id in _WAITED_FOR
            with self._activity.at_work() if waited_for else nullcontext():
                return await super().process_api(block_fn, *arguments, **named)
        except gr.Error as error:
            # The reader sees it; Gradio's own ones would also be printed.
            error.print_exception = False
            raise
        except Exception as error:
            log_crash(error)
            raise user_error(texts.DISK_FULL if is_disk_full(error) else texts.CRASHED) from error

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *others: Any, **named: Any) -> list[Any]:
        """Check and convert what somebody sent to an event, as `gr.Blocks`.

        Raises:
            gr.Error: if a file is named by its address on another machine, or was not uploaded to this one; or if
                there are too few values, or some of another kind than the event takes.
        """
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        missing = block_fn.inputs[len(inputs) :]
        # What the server holds for the reader nobody sends; Gradio makes room for it only where all else is there.
        if missing and missing[-1].elem_id in LATER_INPUTS and all(part.stateful for part in missing[:-1]):
            inputs = [*inputs, *(None for _ in missing[:-1]), missing[-1].value]
        pairs = zip(block_fn.inputs, inputs, strict=False)
        inputs = [*(_within_ends(component, value) for component, value in pairs), *inputs[len(block_fn.inputs) :]]
        try:
            values = await super().preprocess_data(block_fn, inputs, *others, **named)
        except InvalidPathError as error:
            raise user_error(texts.NOT_UPLOADED) from error
        except _WRONG_VALUES as error:
            if isinstance(error, gr.Error) or is_disk_full(error):
                raise
            raise user_error(shared_texts.WRONG_VALUES) from error
        # Gradio passes on what is no number.
        for component, value in zip(block_fn.inputs, values, strict=False):
            if isinstance(component, gr.Number) and not isinstance(value, int | float | None):
                raise user_error(shared_texts.WRONG_VALUES)
        return values


@asynccontextmanager
async def without_cross_origin_access(app: App) -> AsyncIterator[None]:
    """Lifespan of Gradio's server that leaves out what is open to other sites.

    Under any name but localhost, Gradio tells browsers that every site may ask and read. And what it says of the API
    holds the address by which the first asked for it, which that one may have made up; here it holds none.
    """
    app.user_middleware = [layer for layer in app.user_middleware if layer.cls is not CustomCORSMiddleware]
    app.middleware_stack = app.build_middleware_stack()
    app.api_info = app.get_blocks().get_api_info()
    yield


def upload_folder() -> Path:
    """Give the folder that Gradio keeps uploads in, which need not exist yet."""
    return Path(get_upload_folder())


def folder_address(folder: Path) -> str:
    """Give the address, below the page's own, under which the files of a folder of uploads are handed out."""
    return f"{API_PREFIX}/file={encode_file_path(str(folder))}".removeprefix("/")


def _required_of_selection(handler: Callable) -> set[str]:
    """Keys that an event must send of the selected part of a component, for a handler that asks for it."""
    kinds = [kind for kind in get_type_hints(handler).values() if isinstance(kind, type)]
    if any(issubclass(kind, gr.SelectData) for kind in kinds):
        return {"index", "value"}
    return {"index"} if any(issubclass(kind, gr.EventData) for kind in kinds) else set()


def _within_ends(component: Any, value: Any) -> Any:
    """What an event takes; of a number typed beside a slider the nearest of its ends, as the browser shows it after.

    Gradio refuses it, so that the page would show one number and speak of another.
    """
    if not isinstance(component, gr.Slider) or not isinstance(value, int | float | None):
        return value
    return component.minimum if value is None else max(component.minimum, min(component.maximum, value))


def _refuse_address(file: dict[str, Any]) -> None:
    if is_http_url_like(file["path"]):
        raise user_error(texts.NO_ADDRESS)
