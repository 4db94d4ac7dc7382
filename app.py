"""Start the page: python app.py. GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say where it listens."""

from demo.layout import build_demo, launch

demo = build_demo()

if __name__ == "__main__":
    launch(demo)
