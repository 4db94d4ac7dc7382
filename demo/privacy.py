"""Nothing leaves and nothing stays: neither the server nor a browser asks another machine for anything, a browser keeps
nothing, and no failure is printed."""

from typing import Any

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo import content
from demo.predictors import refused
from pneumonia.logs import log_crash

# Gradio's page is full of scripts and styles of its own, and makes workers and pictures in the browser.
_POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; form-action 'self'"

# Gradio fetches what stands behind the first, for anybody, and writes films of the screen for the second.
_FILE_BY_ADDRESS = ("/file=http://", "/file=https://", "/file/http://", "/file/https://")
_SCREEN_RECORDING = "/process_recording"

# Begins what is of a reader: pictures, answers and downloads. A browser would keep them on its disk.
_OF_A_READER = "/gradio_api/"


class PrivateBlocks(gr.Blocks):
    """A page that takes files and no addresses of files, which Gradio would fetch, and prints no failures."""

    async def process_api(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """As `gr.Blocks`. What an exception says may quote a file's name or a header, so its kind alone is logged.

        Raises:
            gr.Error: whatever failed.
        """
        try:
            return await super().process_api(*arguments, **named)
        except gr.Error as error:
            # The reader is told; Gradio's own ones would also be printed.
            error.print_exception = False
            raise
        except Exception as error:
            log_crash(error)
            raise refused(content.CRASHED) from error

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *others: Any, **named: Any) -> list[Any]:
        """As `gr.Blocks`, for what somebody sent to an event.

        Raises:
            gr.Error: if a file is named by its address on another machine.
        """
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        return await super().preprocess_data(block_fn, inputs, *others, **named)


class _OwnHostOnly:
    """Refuses what Gradio would fetch, and tells browsers that the page needs no other host and what not to keep."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["path"].endswith(_SCREEN_RECORDING) or any(part in scope["path"] for part in _FILE_BY_ADDRESS):
            return await PlainTextResponse(content.NO_ADDRESS, 403)(scope, receive, send)

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                if _OF_A_READER in scope["path"]:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_policy)


def app_settings() -> dict[str, Any]:
    """For `gr.Blocks.launch(app_kwargs=...)`, which writes into it: a new one for each launch."""
    return {"middleware": [Middleware(_OwnHostOnly)]}


def _refuse_address(file: dict[str, Any]) -> None:
    if is_http_url_like(file["path"]):
        raise refused(content.NO_ADDRESS)
