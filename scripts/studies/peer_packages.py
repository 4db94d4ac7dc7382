"""Other libraries that make heatmaps, which need an environment of their own."""

import importlib.util

from pneumonia.errors import MissingExtraError
from pneumonia.utils.packages import install_command


def require_peers() -> None:
    """Make sure that the libraries that make heatmaps in other ways are there, without importing them.

    Raises:
        MissingExtraError: if one is not installed.
    """
    modules = {"tf-keras-vis": "tf_keras_vis", "xplique": "xplique"}
    missing = [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"Not installed: {', '.join(missing)}. They need an environment of their own: "
            + install_command("training", "benchmark")
        )
