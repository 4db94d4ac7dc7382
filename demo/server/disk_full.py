"""A full disk, and the answer of the page to it."""

import errno

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.server import texts
from pneumonia.utils.json_logging import log_crash

# By the system's own limit, by one for this user, or by one for a file.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_INSUFFICIENT_STORAGE = 507


def is_disk_full(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it came of, is for want of room on the disk."""
    if error is None:
        return False
    return (isinstance(error, OSError) and error.errno in _FULL) or is_disk_full(error.__cause__ or error.__context__)


class DiskFullResponse:
    """Middleware that answers in words, where Gradio has none, to an upload that the disk has no room for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except OSError as error:
            if started or not is_disk_full(error):
                raise
            log_crash(error)
            await PlainTextResponse(texts.DISK_FULL, _INSUFFICIENT_STORAGE)(scope, receive, send)
