"""Filter of requests: answered are those that the page and its API need, under a name of the page's own, sent by the
page itself or by a program."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from demo.server import texts
from demo.server.hosts import is_own, own_names

# Whatever else Gradio has, also in a later version, is refused: components of others, films of the screen, monitoring,
# proxying, streams, states saved under a link, logging in.
_API = "/gradio_api"
# What takes whole files, up to limits of its own.
_UPLOADS = (f"{_API}/upload", "/reading")
_ALLOWED = {
    *("/", "/config", "/health", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json"),
    *(
        f"{_API}/{name}"
        for name in ("info", "openapi.json", "startup-events", "cancel", "reset", "upload_progress", "app_id")
    ),
    *(f"{_API}/queue/{name}" for name in ("join", "data", "status")),
    *_UPLOADS,
}
_ALLOWED_PREFIXES = ("/assets/", "/static/", *(f"{_API}/{name}" for name in ("call/", "run/", "file=", "heartbeat/")))

# Gradio fetches what stands behind these, for anybody.
_FILE_BY_ADDRESS = ("/file=http://", "/file=https://")

# The same for everybody, and no image of anybody; all else must not stay in a browser's cache or a proxy's.
_CACHEABLE = ("/assets/", "/static/", "/favicon.ico")

# Bytes of any request but an upload; a batch of a thousand files is named in half a megabyte.
MAX_BYTES = 20 * 1024**2

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # No page of others may show what lies here. A Space, which stands in a frame, asks itself for it.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class RequestFilter:
    """Middleware that refuses what is not needed, what is asked for under a name that is not the page's own, what
    another site's page sends, and what is too large; and adds headers of security to every answer."""

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

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                if not path.startswith(_CACHEABLE):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        if refusal := _refusal(path, Headers(scope=scope), self._names):
            return await refusal(scope, receive, send_with_headers)
        await self._app(scope, receive if path in _UPLOADS else _limited(MAX_BYTES, receive), send_with_headers)


def _refusal(path: str, headers: Headers, names: frozenset[str]) -> Response | None:
    if any(part in path for part in _FILE_BY_ADDRESS):
        return PlainTextResponse(texts.NO_ADDRESS, 403)
    if not all(is_own(host, names) for host in _requested_hosts(headers)):
        return PlainTextResponse(texts.UNKNOWN_HOST, 400)
    if path not in _ALLOWED and not path.startswith(_ALLOWED_PREFIXES):
        return PlainTextResponse(texts.NOT_HERE, 404)
    if _from_another_site(headers):
        return PlainTextResponse(texts.OTHER_SITE, 403)
    # Servers answer a length that is no number themselves.
    if path not in _UPLOADS and int(headers.get("Content-Length", 0)) > MAX_BYTES:
        return PlainTextResponse(texts.TOO_LARGE, 413)
    return None


def _from_another_site(headers: Headers) -> bool:
    """Tell whether a browser says that a page of another site sent this; programs say nothing."""
    origin = headers.get("Origin")
    # No script can set the first. A browser leaves it out where there is no TLS.
    if origin is None or headers.get("Sec-Fetch-Site") == "same-origin":
        return False
    return urlsplit(origin).netloc not in _requested_hosts(headers)


def _requested_hosts(headers: Headers) -> list[str]:
    """List the host that was asked for, and those that a proxy may say it was asked for, which Gradio believes."""
    forwarded = (headers.get(name, "").split(",")[0].strip() for name in ("X-Forwarded-Host", "X-Gradio-Server"))
    return [headers.get("Host", ""), *filter(None, forwarded)]


def _limited(max_bytes: int, receive: Receive) -> Receive:
    """Wrap `receive` so that a sender is cut off after so many bytes."""
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        return message if received <= max_bytes else {"type": "http.disconnect"}

    return receive_counted
