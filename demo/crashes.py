"""What is done about a failure that nobody expected: it is logged without what it says, and told in a sentence."""

from typing import Any

import gradio as gr

from demo import content
from demo.predictors import refused
from pneumonia.logs import log_crash


class LoggedBlocks(gr.Blocks):
    """A page whose failures are not printed: what an exception says may quote a file's name or a header."""

    async def process_api(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """As `gr.Blocks`, for one event.

        Raises:
            gr.Error: in place of any exception.
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
