"""Start the page: python app.py. GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where it listens."""

from demo.page import build_demo
from demo.server.launch import launch

demo = build_demo()

if __name__ == "__main__":
    launch(demo)
