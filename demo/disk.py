"""A full disk, and how the page says so."""

import errno

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo import content
from pneumonia.logs import log_crash

# By the system's own limit, by one for this user, or by one for a file.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_INSUFFICIENT_STORAGE = 507


def is_full_disk(error: BaseException | None) -> bool:
    """Whether this failed, at first, for want of room on the disk."""
    if error is None:
        return False
    return (isinstance(error, OSError) and error.errno in _FULL) or is_full_disk(error.__cause__ or error.__context__)


class FullDiskSaid:
    """Answers in words, where Gradio has none, to an upload that the disk has no room for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except OSError as error:
            if begun or not is_full_disk(error):
                raise
            log_crash(error)
            await PlainTextResponse(content.DISK_FULL, _INSUFFICIENT_STORAGE)(scope, receive, send)
