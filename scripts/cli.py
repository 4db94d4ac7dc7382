"""What all commands share: where the library is, how failures are told, which words they use for paths."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# tensorflow and the runtime of the served model read this when they are imported; only errors are worth a line.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pneumonia.errors import PneumoniaError  # noqa: E402

DONE, SOME_REJECTED, FAILED = 0, 1, 2


def run(main: Callable[[], int]) -> None:
    """Run a command and exit with its status; expected failures become one line on standard error."""
    try:
        status = main()
        sys.stdout.flush()
    except PneumoniaError as error:
        print(f"error: {error}", file=sys.stderr)
        status = FAILED
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DONE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)


def portable(path: Path | str) -> str:
    """A path as it may be published: below $PNEUMONIA_DATA, below the project, or its last part alone."""
    full = Path(path).resolve()
    data = os.environ.get("PNEUMONIA_DATA")
    if data and full.is_relative_to(Path(data).resolve()):
        return f"$PNEUMONIA_DATA/{full.relative_to(Path(data).resolve())}".removesuffix("/.")
    return str(full.relative_to(ROOT)) if full.is_relative_to(ROOT) else full.name
