"""Names that the page answers to.

Under any name, a page of another site could ask and read from a browser that reaches this machine: its own name need
only lead here after it was opened (DNS rebinding). An IP address leads nowhere else, so any of them will do.
"""

import os
import re
import socket
from ipaddress import ip_address

# Names that whoever runs the page gives it, separated by commas.
NAMED = "PNEUMONIA_HOSTS"
# Where the page listens, if that is a name, and under which names a Hugging Face Space is served.
_KNOWN = ("GRADIO_SERVER_NAME", "SPACE_HOST")

# With or without a port; whoever gives names may copy a whole address.
_HOST = re.compile(r"(?:https?://)?(\[[0-9a-f:.]+\]|[^\s:/?#@\\\[\]]+)(?::\d*)?(?:/.*)?", re.IGNORECASE)


def own_names() -> frozenset[str]:
    """List the names of this machine and those that the environment gives."""
    named = ",".join(os.environ.get(variable, "") for variable in (NAMED, *_KNOWN))
    names = map(_normalized, ("localhost", socket.gethostname(), *named.split(",")))
    return frozenset(filter(None, names))


def is_own(host: str, names: frozenset[str]) -> bool:
    """Tell whether a host that was asked for, with or without its port, is an IP address or one of these names."""
    name = _normalized(host)
    return name in names or _is_address(name)


def _normalized(host: str) -> str:
    """Normalize a host to what is compared; "" for what is none."""
    match = _HOST.fullmatch(host.strip())
    return match[1].strip("[]").lower().removesuffix(".") if match else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
