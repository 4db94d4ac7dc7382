"""Start of the server."""

import gradio as gr
from starlette.middleware import Middleware

from demo.server.content_security_policy import ContentSecurityPolicy
from demo.server.disk_full import DiskFullResponse
from demo.server.gradio_internals import without_cross_origin_access
from demo.server.request_filter import RequestFilter
from demo.server.uploads import delete_regularly, delete_when_stopped, use_private_folder
from demo.shared.session import KEPT_SECONDS
from demo.theme import STYLES, head, theme
from pneumonia.imaging.decode import MAX_BYTES
from pneumonia.utils.malloc import return_large_blocks

_ADDRESS_WITHIN_SECONDS = 10


def launch(demo: gr.Blocks) -> None:
    """Serve the page to this machine, or as GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say, until interrupted.

    Beside it `/health` and `/reading` answer, and what is done is logged as JSON lines on standard error.
    """
    return_large_blocks()
    uploads = use_private_folder()
    delete_regularly(uploads, KEPT_SECONDS)
    delete_when_stopped(uploads)
    demo.launch(
        theme=theme(),
        css_paths=STYLES,
        head=head(),
        footer_links=[],
        max_file_size=MAX_BYTES,
        strict_cors=True,
        # A session keeps a preview of some megabytes.
        state_session_capacity=200,
        # What follows would send the page, its use or a reader's images elsewhere, or keep them.
        share=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={
            "middleware": [Middleware(layer) for layer in (ContentSecurityPolicy, RequestFilter, DiskFullResponse)],
            "lifespan": without_cross_origin_access,
            "routes": [demo.health.route, demo.reading.route],
        },
        prevent_thread_lock=True,
        quiet=True,
    )
    # Only now: what takes time must not keep the page from opening.
    loading = demo.health.start()
    # The line of the log would push the address out of sight. Weights from a Hub may take longer than anybody waits.
    loading.join(_ADDRESS_WITHIN_SECONDS)
    # Gradio's own words for it would ask to share the page.
    print(f"The page is at {demo.local_url}", flush=True)
    demo.block_thread()
