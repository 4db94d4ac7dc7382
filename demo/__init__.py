"""The Gradio page; the only package that imports gradio."""

from demo.server.settings import set_environment

# Whatever is imported of this package, and imports Gradio or the Hub client, comes after this.
set_environment()
