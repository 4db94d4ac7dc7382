"""The Gradio page; the only package that imports gradio.

Gradio and the Hub client read these settings while they are imported, and nothing may be reported to anyone
about who reads which image, so they are set before either is.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# For developers of pages: opens folders of the server, lets pages of this machine call it, records what it does, lets
# anybody edit it.
_OPENING = ("GRADIO_ALLOWED_PATHS", "GRADIO_LOCAL_DEV_MODE", "GRADIO_PROFILING", "GRADIO_VIBE_MODE")
# By this one Gradio knows that it runs on a Hugging Face Space. It would have browsers load a header and fonts from
# other hosts, and let the Space's owner put other code into the page while it runs.
_ON_A_SPACE = "SPACE_ID"
for _name in (*_OPENING, _ON_A_SPACE):
    os.environ.pop(_name, None)
