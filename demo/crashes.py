"""What is done about a failure that nobody expected: it is logged without what it says, and told in a sentence."""

from typing import Any

import gradio as gr

from demo import content
from demo.predictors import refused
from pneumonia.logs import log_crash


def keep_from_printing(demo: gr.Blocks) -> None:
    """Have a page print no failures: what an exception says may quote a file's name or a header.

    From now on an event that fails raises `gr.Error`, whatever was raised. The method is replaced on this page alone:
    Gradio takes long to make a class of its own.
    """
    process = demo.process_api

    async def process_api(*arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            return await process(*arguments, **named)
        except gr.Error as error:
            # The reader is told; Gradio's own ones would also be printed.
            error.print_exception = False
            raise
        except Exception as error:
            log_crash(error)
            raise refused(content.CRASHED) from error

    demo.process_api = process_api
