"""Predictors without weights, and the page served with them in a process of its own."""

import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import cv2
import numpy as np
from scipy.special import expit

from pneumonia import Prediction, Predictor, load_predictor
from pneumonia.case import Case
from pneumonia.checks import Check
from pneumonia.errors import ImageError, WeightsError
from pneumonia.evaluation.metrics import evaluate
from pneumonia.evaluation.scores import Scores
from pneumonia.explain.support import Support
from pneumonia.images import Radiograph, decode
from pneumonia.logs import ONE_OF_MANY, SINGLE, timed
from pneumonia.lung_fields import LungSegmentation, cleaned
from pneumonia.operating_points import Interval, OperatingPoint
from pneumonia.preprocessing import Preprocessing
from tests.making import PATIENT, PATIENT_ID

ROOT = Path(__file__).parent.parent

# Marks a line of the server's log that names another machine it called.
OUTSIDE = "called outside:"

SENSITIVITY = Interval(0.951, 0.934, 0.966)
SPECIFICITY = Interval(0.902, 0.871, 0.929)

# Added to the mean grey value, so that variants may disagree about an image.
_LEANINGS = {"custom-cnn": -0.15, "mobilenetv2-frozen": 0.0, "mobilenetv2-finetuned": 0.1}


def segmentation(*lungs: tuple[slice, slice], side: int = 100) -> LungSegmentation:
    """What is found where lungs are the given rows and columns of a square image."""
    mask = np.zeros((side, side), np.float32)
    for lung in lungs:
        mask[lung] = 1.0
    mask, _, measures = cleaned(mask, 0.5)
    return LungSegmentation(mask, 0.5, measures, found=len(lungs) == 2)


# Two upright rectangles that cover 24 % of any image.
LUNGS = segmentation((slice(20, 80), slice(20, 40)), (slice(20, 80), slice(60, 80)))


def _made_sets(points: Iterable[OperatingPoint]) -> dict[str, dict]:
    """Figures of a network that is good at home and knows nothing elsewhere, as in metrics.json."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0.0, 1.0], 30)
    patients = np.array([f"patient {number // 2}" for number in range(60)])
    logits = {"validation": rng.normal(4 * labels - 2, 1.5), "adult-report": rng.normal(0, 2, 60)}
    scores = {name: Scores(values, labels, patients) for name, values in logits.items()}
    return {
        name: {
            **evaluate(labels, expit(of_set.logits), patients, points, "python made.py"),
            "scores": of_set.to_dict(),
        }
        for name, of_set in scores.items()
    }


class FakePredictor:
    """Calls bright images pneumonia: its probability is the mean grey value, leaning with the variant."""

    version = "1.0.0"
    heatmap_scale = 4.0
    operating_points: ClassVar = {
        "screening": OperatingPoint("screening", 0.2, 0.15, 0.25, SENSITIVITY, SPECIFICITY),
        "balanced": OperatingPoint("balanced", 0.5, 0.42, 0.56, SENSITIVITY, SPECIFICITY),
        "rule-in": OperatingPoint("rule-in", 0.8, 0.75, 0.85, SENSITIVITY, SPECIFICITY),
    }

    temperature = 1.0
    offset = 0.0
    calibration = None
    preprocessor = SimpleNamespace(record=Preprocessing())
    metrics: ClassVar = {"sets": _made_sets(operating_points.values())}
    history: ClassVar = [
        {"phase": "linear probe", "epoch": "1", "val_loss": "0.5"},
        {"phase": "1 (all)", "epoch": "1", "loss": "0.6", "val_loss": "0.4"},
        {"phase": "1 (all)", "epoch": "2", "loss": "0.5", "val_loss": "0.3"},
    ]

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.weights_sha256 = hashlib.sha256(variant.encode()).hexdigest()
        self._read: list[object] = []

    # It has its own pixels' way to a logit; from there on it is judged as any other.
    probability = Predictor.probability
    recalibrated = Predictor.recalibrated
    judge = Predictor.judge
    _operating_point = Predictor._operating_point

    @property
    def readings(self) -> int:
        """How often it was run, at whatever calibration."""
        return len(self._read)

    def predict(self, source: object, operating_point: str | OperatingPoint = "balanced") -> Prediction:
        """As `pneumonia.Predictor.predict`."""
        return timed(SINGLE, self._reading, source, self._operating_point(operating_point))

    def _reading(self, source: object, point: OperatingPoint) -> Prediction:
        self._read.append(None)
        known = {
            "variant": self.variant,
            "operating_point": point.name,
            "threshold": point.threshold,
            "weights_sha256": self.weights_sha256,
            "calibration": self.calibration,
        }
        try:
            case = (
                source
                if isinstance(source, Case)
                else Case(source if isinstance(source, Radiograph) else decode(source))
            )
        except ImageError as error:
            check = Check("image", "reject", str(error))
            return Prediction(status="rejected", error=str(error), checks=(check,), **known)
        radiograph = case.radiograph
        probability = float(np.clip(radiograph.pixels.mean() + _LEANINGS[self.variant], 0.001, 0.999))
        grid = cv2.resize(radiograph.pixels, (7, 7), interpolation=cv2.INTER_AREA)
        prediction = Prediction(
            status="read",
            finding=point.finding(probability),
            probability=probability,
            logit=float(np.log(probability / (1 - probability))),
            heatmap=self.heatmap_scale * (grid + _LEANINGS[self.variant]).astype(np.float32),
            lungs=LUNGS,
            in_lung_share=0.82,
            image_sha256=radiograph.sha256,
            checks=radiograph.checks,
            **known,
        )
        return prediction if self.calibration is None else self.judge(prediction, point)

    def measure_support(self, source: object) -> Support:
        """As `pneumonia.Predictor.measure_support`."""
        assert isinstance(source, Case)
        return Support("no marked region", np.zeros((8, 8), bool))

    def predict_many(self, sources: Iterable[object], operating_point: str = "balanced") -> Iterator[Prediction]:
        """As `pneumonia.Predictor.predict_many`, slow enough to be stopped."""
        for source in sources:
            time.sleep(0.01)
            yield timed(ONE_OF_MANY, self._reading, source, self._operating_point(operating_point))


def load_fake(variant: str) -> FakePredictor:
    """As `pneumonia.load_predictor`, for a page whose variants are all there."""
    return FakePredictor(variant)


def load_all_but_frozen(variant: str) -> FakePredictor:
    """As `pneumonia.load_predictor`, for a page that misses the weights of one variant."""
    if variant == "mobilenetv2-frozen":
        raise WeightsError("There is no weights folder for mobilenetv2-frozen.")
    return FakePredictor(variant)


class HarmedPredictor(FakePredictor):
    """One variant fails, and says in its exception what it was given; the others keep a core busy over a batch."""

    def _reading(self, source: object, point: OperatingPoint) -> Prediction:
        if self.variant == "custom-cnn":
            raise RuntimeError(f"This was not expected of {source} with {vars(source)}, of {PATIENT}, {PATIENT_ID}.")
        return super()._reading(source, point)

    def predict_many(self, sources: Iterable[object], operating_point: str = "balanced") -> Iterator[Prediction]:
        """As `pneumonia.Predictor.predict_many`, at work all the time."""
        for source in sources:
            until = time.monotonic() + 0.2
            while time.monotonic() < until:
                sum(range(1000))
            yield timed(ONE_OF_MANY, self._reading, source, self._operating_point(operating_point))


def load_harmed(variant: str) -> FakePredictor:
    """As `pneumonia.load_predictor`, for a page that misses one variant and has one that fails."""
    load_all_but_frozen(variant)
    return HarmedPredictor(variant)


class LeakingPredictor(FakePredictor):
    """Keeps every image that it reads."""

    def predict(self, source: object, operating_point: str = "balanced") -> Prediction:
        """As `pneumonia.Predictor.predict`."""
        self._read.append(source)
        return super().predict(source, operating_point)


class ForgetfulPredictor(FakePredictor):
    """Now and then answers with another image's probability, as if two readers had been mixed up."""

    def predict(self, source: object, operating_point: str = "balanced") -> Prediction:
        """As `pneumonia.Predictor.predict`."""
        prediction = super().predict(source, operating_point)
        return replace(prediction, probability=0.5) if self.readings % 5 == 0 else prediction


LOADERS = {
    "complete": load_fake,
    "without-frozen": load_all_but_frozen,
    "harmed": load_harmed,
    "real": load_predictor,
    "leaking": LeakingPredictor,
    "forgetful": ForgetfulPredictor,
}


@contextmanager
def served(weights: str) -> Iterator[str]:
    """As `served_process`, for those who only need its address."""
    with served_process(weights) as (address, _):
        yield address


@contextmanager
def served_process(weights: str, log: Path | None = None, **environment: str) -> Iterator[tuple[str, int]]:
    """Serve the page in a process of its own and give its address and id; fail if it called another machine.

    Args:
        weights: a key of `LOADERS`.
        log: file for all that the server says.
        environment: variables to set, for instance KEPT_SECONDS in place of the page's own.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.fakes", weights]
    environment = {**os.environ, "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), **environment}
    with tempfile.TemporaryFile("w+") if log is None else log.open("w+") as said_to:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said_to, stderr=said_to)
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()
            server.wait(10)
        said_to.seek(0)
        assert OUTSIDE not in (said := said_to.read()), said


def _wait_for(port: int, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 180
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(ConnectionError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError("The page did not come up.")


def _report_outside(event: str, arguments: tuple) -> None:
    """Audit hook: report every connection to, and every look-up of, another machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in (None, "127.0.0.1", "localhost", "::1"):
        print(OUTSIDE, host, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.addaudithook(_report_outside)
    import demo.tabs

    # Before the tabs themselves take it over.
    demo.tabs.KEPT_SECONDS = int(os.environ.get("KEPT_SECONDS", demo.tabs.KEPT_SECONDS))
    from demo.layout import build_demo, launch

    launch(build_demo(LOADERS[sys.argv[1]]))
