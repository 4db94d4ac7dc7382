"""Nothing leaves: neither the server nor a browser asks another machine for anything, and no failure is printed."""

import os
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.exceptions import ComponentProcessingError, InvalidPathError
from gradio.utils import get_type_hints
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo import content
from demo.disk import FullDiskSaid, is_full_disk
from demo.doors import Doors, closed_to_other_sites
from demo.predictors import refused
from pneumonia.logs import log_crash

# Gradio's page is full of scripts and styles of its own, and makes workers and pictures in the browser.
_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
# The Hub shows a Space, whose SYSTEM is "spaces", in a frame.
_HUB = " https://huggingface.co"

# Gradio fetches what stands behind these, for anybody.
_FILE_BY_ADDRESS = ("/file=http://", "/file=https://")


# What Gradio's components raise of values that are not of their kind.
_NOT_AS_ASKED = (AttributeError, ComponentProcessingError, LookupError, TypeError, ValueError)


class PrivateBlocks(gr.Blocks):
    """A page that takes files and no addresses of files, which Gradio would fetch, and prints no failures."""

    async def process_api(self, block_fn: BlockFunction, *arguments: Any, **named: Any) -> dict[str, Any]:
        """As `gr.Blocks`. What an exception says may quote a file's name or a header, so its kind alone is logged.

        Raises:
            gr.Error: whatever failed.
        """
        told = getattr(named.get("event_data"), "_data", None)
        chosen = told if isinstance(told, dict) else {}  # a slider tells its number
        try:
            # The page sends none of these; whoever asks for events by their number may.
            if block_fn.fn is None or not _needed_of_choice(block_fn.fn) <= chosen.keys():
                raise refused(content.OTHER_VALUES)
            return await super().process_api(block_fn, *arguments, **named)
        except gr.Error as error:
            # The reader is told; Gradio's own ones would also be printed.
            error.print_exception = False
            raise
        except Exception as error:
            log_crash(error)
            raise refused(content.DISK_FULL if is_full_disk(error) else content.CRASHED) from error

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *others: Any, **named: Any) -> list[Any]:
        """As `gr.Blocks`, for what somebody sent to an event.

        Raises:
            gr.Error: if a file is named by its address on another machine, or was not uploaded to this one; or if
                there are too few values, or some of another kind than the event takes.
        """
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        try:
            return await super().preprocess_data(block_fn, inputs, *others, **named)
        except InvalidPathError as error:
            raise refused(content.NOT_UPLOADED) from error
        except _NOT_AS_ASKED as error:
            if isinstance(error, gr.Error) or is_full_disk(error):
                raise
            raise refused(content.OTHER_VALUES) from error


class _OwnHostOnly:
    """Refuses what Gradio would fetch, and tells browsers that the page needs no other host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._policy = _POLICY + (_HUB if os.environ.get("SYSTEM") == "spaces" else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if any(part in scope["path"] for part in _FILE_BY_ADDRESS):
            return await PlainTextResponse(content.NO_ADDRESS, 403)(scope, receive, send)

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = self._policy
            await send(message)

        await self._app(scope, receive, send_with_policy)


def _needed_of_choice(handler: Callable) -> set[str]:
    """What must be told of the part of a component that was chosen, for a handler that asks for it."""
    kinds = [kind for kind in get_type_hints(handler).values() if isinstance(kind, type)]
    if any(issubclass(kind, gr.SelectData) for kind in kinds):
        return {"index", "value"}
    return {"index"} if any(issubclass(kind, gr.EventData) for kind in kinds) else set()


def app_settings() -> dict[str, Any]:
    """For `gr.Blocks.launch(app_kwargs=...)`, which writes into it: a new one for each launch."""
    middleware = [Middleware(door) for door in (_OwnHostOnly, Doors, FullDiskSaid)]
    return {"middleware": middleware, "lifespan": closed_to_other_sites}


def _refuse_address(file: dict[str, Any]) -> None:
    if is_http_url_like(file["path"]):
        raise refused(content.NO_ADDRESS)
