"""The Gradio page; the only package that imports gradio.

Gradio and the Hub client read these settings while they are imported, and nothing may be reported to anyone
about who reads which image, so they are set before either is.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
