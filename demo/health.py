"""How the server is: what can be read with which weights, for `/health` and for a line when it starts."""

import logging
import threading
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from demo.predictors import Predictors
from pneumonia import Predictor
from pneumonia.errors import WeightsError
from pneumonia.logs import log_event, start_logging
from pneumonia.variants import PUBLISHED
from pneumonia.versions import serving_versions, shared_weights

# What can be read, though not all of it, is no reason for a machine to take a server away or to start it anew: that
# mends no weights folder, and whoever watches over servers goes by the HTTP status alone. 503 says that nothing can be
# read. Weights that a Hub could not give are asked for again when a server starts, and only then: for that, a person
# who reads the reason starts it anew.
_HTTP = {"ok": 200, "degraded": 200, "starting": 503, "unavailable": 503}

_LOADING = {"status": "loading"}


class Health:
    """What is known of the weights, without waiting for what is at work.

    Args:
        predictors: those of the page.
    """

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors
        self._shared: dict[str, str | WeightsError] | None = None

    @property
    def route(self) -> Route:
        """Where it can be asked for."""
        return Route("/health", self._answer)

    def begin(self) -> None:
        """Log as JSON lines from now on, then load and verify all weights beside whatever else is done, and log that.

        The page is up before, and its first reader need not wait as long.
        """
        start_logging()
        # The server has writers of its own by now, which would quote addresses and what exceptions say.
        server = logging.getLogger("uvicorn")
        server.handlers.clear()
        server.propagate = True
        threading.Thread(target=self._load, name="loads the weights", daemon=True).start()

    def state(self) -> dict[str, Any]:
        """Plain JSON values: status, versions, and what is known of the weights of each variant and of the checks.

        The status is `"starting"` until all weights were looked at; then `"ok"`, `"degraded"` where some cannot be
        used, or `"unavailable"` where that is true of all variants.
        """
        loaded = self._predictors.loaded()
        variants = {name: _state(loaded.get(name)) for name in PUBLISHED}
        checks = {name: _state(found) for name, found in (self._shared or {}).items()}
        everything = [found["status"] for found in (*variants.values(), *checks.values())]
        if self._shared is None or "loading" in everything:
            status = "starting"
        elif not any(found["status"] == "available" for found in variants.values()):
            status = "unavailable"
        else:
            status = "degraded" if "unavailable" in everything else "ok"
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


def _state(found: Predictor | str | WeightsError | None) -> dict[str, str]:
    """What came of loading: a predictor, a hash alone, a failure, or nothing yet."""
    if found is None:
        return _LOADING
    if isinstance(found, WeightsError):
        return {"status": "unavailable", "reason": str(found)}
    if isinstance(found, str):
        return {"status": "available", "weights_sha256": found}
    return {"status": "available", "version": found.version, "weights_sha256": found.weights_sha256}
