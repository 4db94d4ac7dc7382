"""The end of a command: its exit status, and one line for a failure that was expected."""

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper

from pneumonia.errors import PneumoniaError
from pneumonia.utils.packages import how_to_install

DONE, SOME_REJECTED, FAILED = 0, 1, 2
# Of packages that only some commands need; all others come with `train`.
_EXTRAS = {"dicomweb_client": "dicom", "huggingface_hub": "hub", "pynetdicom": "dicom"}


def run_command(main: Callable[[], int]) -> None:
    """Run a command and exit with its status; expected failures become one line on standard error."""
    # A file name that the terminal cannot show must not end a run.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # tensorflow reads this when it is imported; only errors are worth a line.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        status = main()
        sys.stdout.flush()
    except PneumoniaError as error:
        print(f"error: {error}", file=sys.stderr)
        status = FAILED
    except ModuleNotFoundError as error:
        # All of the project's own modules are there; a library that only some commands need may not be.
        if (error.name or "").startswith("pneumonia"):
            raise
        needed = how_to_install(error.name or "", _EXTRAS.get(error.name or "", "train"))
        print(f"error: Not installed: {error.name}. {needed}", file=sys.stderr)
        status = FAILED
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DONE
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        # In the system's words: libraries put whole paragraphs there.
        print(f"error: {os.strerror(error.errno) if error.errno else error}{where}", file=sys.stderr)
        status = FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
