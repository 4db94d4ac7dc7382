"""State of the server: which weights can be used, for `/health` and for a line of the log when it starts."""

import logging
import threading
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from demo.shared.predictors import Predictors
from pneumonia import Predictor
from pneumonia.errors import WeightsError
from pneumonia.records.versions import serving_versions, shared_weights
from pneumonia.utils.json_logging import log_event, start_logging

# What can be read, though not all of it, is no reason for a machine to take a server away or to start it again: that
# mends no weights folder, and whoever watches over servers goes by the HTTP status alone. 503 says that nothing can be
# read. Weights that a Hub could not give are asked for again when a server starts, and only then: for that, a person
# who reads the reason starts it again.
_HTTP = {"ok": 200, "degraded": 200, "starting": 503, "unavailable": 503}

_LOADING = {"status": "loading"}


class Health:
    """State of the weights, given without waiting for what is at work.

    Args:
        predictors: those of the page.
    """

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors
        self._shared: dict[str, str | WeightsError] | None = None

    @property
    def route(self) -> Route:
        """Route that gives the state."""
        return Route("/health", self._answer)

    def start(self) -> threading.Thread:
        """Log as JSON lines from now on; load and verify all weights in a thread, and log the state then.

        The page is up before, and its first reader need not wait as long.

        Returns:
            The thread, which ends when the state is logged.
        """
        start_logging()
        # The server has handlers of its own by now, which would quote addresses and what exceptions say.
        server = logging.getLogger("uvicorn")
        server.handlers.clear()
        server.propagate = True
        loading = threading.Thread(target=self._load, name="loads the weights", daemon=True)
        loading.start()
        return loading

    def state(self) -> dict[str, Any]:
        """Give plain JSON values: status, versions, and the state of the weights of each variant and of the checks.

        The status is `"starting"` until all weights were looked at; then `"ok"`, `"degraded"` where some cannot be
        used, or `"unavailable"` where that is true of all variants.
        """
        loaded = self._predictors.loaded()
        variants = {name: _state(loaded.get(name)) for name in self._predictors.names}
        checks = {name: _state(result) for name, result in (self._shared or {}).items()}
        states = [weights["status"] for weights in (*variants.values(), *checks.values())]
        if self._shared is None or "loading" in states:
            status = "starting"
        elif not any(weights["status"] == "available" for weights in variants.values()):
            status = "unavailable"
        else:
            status = "degraded" if "unavailable" in states else "ok"
        versions = {**serving_versions(), "gradio": version("gradio")}
        return {"status": status, "versions": versions, "variants": variants, "checks": checks}

    def _load(self) -> None:
        self._predictors.missing()
        self._shared = shared_weights()
        state = self.state()
        log_event(logging.INFO if state["status"] == "ok" else logging.WARNING, "start", **state)

    async def _answer(self, _: Request) -> JSONResponse:
        state = self.state()
        return JSONResponse(state, _HTTP[state["status"]], {"Cache-Control": "no-store"})


def _state(result: Predictor | str | WeightsError | None) -> dict[str, str]:
    """Describe the result of loading: a predictor, a hash alone, a failure, or None while there is none."""
    if result is None:
        return _LOADING
    if isinstance(result, WeightsError):
        return {"status": "unavailable", "reason": str(result)}
    if isinstance(result, str):
        return {"status": "available", "weights_sha256": result}
    return {"status": "available", "version": result.version, "weights_sha256": result.weights_sha256}
