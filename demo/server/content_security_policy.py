"""The header by which browsers ask no other host for anything."""

import os

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's page is full of scripts and styles of its own, and makes workers and pictures in the browser.
_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
# The Hub shows a Space, whose SYSTEM is "spaces", in a frame.
_HUB = " https://huggingface.co"


class ContentSecurityPolicy:
    """Middleware that adds the header to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._policy = _POLICY + (_HUB if os.environ.get("SYSTEM") == "spaces" else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = self._policy
            await send(message)

        await self._app(scope, receive, send_with_policy)
