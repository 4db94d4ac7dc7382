"""Which requests are answered: those that the page and its API need, under a name of the page's own, sent by the page
itself or by a program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from gradio.route_utils import CustomCORSMiddleware
from gradio.routes import App
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from demo import content
from demo.hosts import is_own, own_names

# Whatever else Gradio has, also in a later version, stays shut: components of others, films of the screen, monitoring,
# proxying, streams, states saved under a link, logging in.
_API = "/gradio_api"
_UPLOAD = f"{_API}/upload"
_OPEN = {
    *("/", "/config", "/health", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json"),
    *(f"{_API}/{name}" for name in ("info", "openapi.json", "startup-events", "cancel", "reset", "upload_progress")),
    *(f"{_API}/queue/{name}" for name in ("join", "data", "status")),
    _UPLOAD,
}
_OPEN_BELOW = ("/assets/", "/static/", *(f"{_API}/{name}" for name in ("call/", "run/", "file=", "heartbeat/")))

# The same for everybody, and no image of anybody; all else must not stay in a browser's cache or a proxy's.
_MAY_BE_KEPT = ("/assets/", "/static/", "/favicon.ico")

# Bytes of any request but an upload; a batch of a thousand files is named in half a megabyte.
MOST_BYTES = 20 * 1024**2

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # No page of others may show what lies here. A Space, which stands in a frame, asks itself for it.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Doors:
    """Refuses what nobody needs, what is asked for under a name that is not the page's own, what another site's page
    sends, and what is too large; guards every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names = own_names()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            # The page needs no other kind.
            return await WebSocketClose()(scope, receive, send)
        path = scope["path"].removeprefix(scope.get("root_path", ""))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                if not path.startswith(_MAY_BE_KEPT):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        if refusal := _refusal(path, Headers(scope=scope), self._names):
            return await refusal(scope, receive, send_guarded)
        await self._app(scope, receive if path == _UPLOAD else _at_most(MOST_BYTES, receive), send_guarded)


@asynccontextmanager
async def closed_to_other_sites(app: App) -> AsyncIterator[None]:
    """Gradio's server for the time that it runs, without what is open to other sites.

    Under any name but localhost, Gradio tells browsers that every site may ask and read. And what it says of the API
    holds the address by which the first asked for it, which that one may have made up; here it holds none.
    """
    app.user_middleware = [found for found in app.user_middleware if found.cls is not CustomCORSMiddleware]
    app.middleware_stack = app.build_middleware_stack()
    app.api_info = app.get_blocks().get_api_info()
    yield


def _refusal(path: str, headers: Headers, names: frozenset[str]) -> Response | None:
    if not all(is_own(host, names) for host in _asked_for(headers)):
        return PlainTextResponse(content.OTHER_NAME, 400)
    if path not in _OPEN and not path.startswith(_OPEN_BELOW):
        return PlainTextResponse(content.NOT_HERE, 404)
    if _from_another_site(headers):
        return PlainTextResponse(content.OTHER_SITE, 403)
    # Servers answer a length that is no number themselves.
    if path != _UPLOAD and int(headers.get("Content-Length", 0)) > MOST_BYTES:
        return PlainTextResponse(content.TOO_LARGE, 413)
    return None


def _from_another_site(headers: Headers) -> bool:
    """Whether a browser says that a page of another site sent this; programs say nothing."""
    origin = headers.get("Origin")
    # No script can set the first. A browser leaves it out where there is no TLS.
    if origin is None or headers.get("Sec-Fetch-Site") == "same-origin":
        return False
    return urlsplit(origin).netloc not in _asked_for(headers)


def _asked_for(headers: Headers) -> list[str]:
    """The host that was asked for, and those that a proxy may say it was asked for, which Gradio believes."""
    forwarded = (headers.get(name, "").split(",")[0].strip() for name in ("X-Forwarded-Host", "X-Gradio-Server"))
    return [headers.get("Host", ""), *filter(None, forwarded)]


def _at_most(most: int, receive: Receive) -> Receive:
    """As `receive`, for a sender who is cut off after so many bytes."""
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        return message if received <= most else {"type": "http.disconnect"}

    return receive_counted
