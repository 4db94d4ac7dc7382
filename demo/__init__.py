"""The Gradio page; the only package that imports gradio.

Gradio and the Hub client read these settings while they are imported, and nothing may be reported to anyone
about who reads which image, so they are set before either is. Those that would open folders of the server, let anybody
edit the page or record what it does are for developers of pages, and are dropped.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

for _opening in ("GRADIO_ALLOWED_PATHS", "GRADIO_LOCAL_DEV_MODE", "GRADIO_PROFILING", "GRADIO_VIBE_MODE"):
    os.environ.pop(_opening, None)
