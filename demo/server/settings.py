"""Environment variables that Gradio and the Hub client read while they are imported.

Nothing may be reported to anyone about who reads which image.
"""

import os

_SET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}
_UNSET = (
    # For developers of pages: these open folders of the server, let pages of this machine call it, record what it
    # does, and let anybody edit it.
    *("GRADIO_ALLOWED_PATHS", "GRADIO_LOCAL_DEV_MODE", "GRADIO_PROFILING", "GRADIO_VIBE_MODE"),
    # By this one Gradio knows that it runs on a Hugging Face Space. It would have browsers load a header and fonts
    # from other hosts, and let the Space's owner put other code into the page while it runs.
    "SPACE_ID",
)


def set_environment() -> None:
    """Turn reports to others off, and whatever opens the server to others; call before Gradio is imported."""
    os.environ.update(_SET)
    for name in _UNSET:
        os.environ.pop(name, None)
