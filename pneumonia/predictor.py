"""From an upload to a finding: decode, preprocess, one pass, calibrate, compare with the operating point."""

import csv
import math
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from pneumonia.archives import ZipMember
from pneumonia.bundle import HISTORY, SERVED_MODEL, WEIGHTS_FOLDER, Bundle, read_bundle
from pneumonia.checks import Check
from pneumonia.engine import Engine
from pneumonia.errors import ImageError, WeightsError
from pneumonia.geometry import WHOLE, Box, heatmap_on
from pneumonia.images import Radiograph, decode
from pneumonia.notices import NOTICE
from pneumonia.operating_points import BALANCED, Interval, OperatingPoint
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Preprocessor
from pneumonia.variants import DEFAULT, list_variants

Source = str | os.PathLike | bytes | ZipMember | Image.Image | np.ndarray


@dataclass(frozen=True)
class Prediction:
    """One reading of one radiograph by one variant.

    Attributes:
        status: `"read"`, or `"rejected"` when the upload could not be read.
        variant: name of the variant.
        operating_point: name of the operating point.
        threshold: probability from which the operating point calls pneumonia.
        weights_sha256: hash of the served model.
        finding: `"NORMAL"`, `"PNEUMONIA"` or `"UNCERTAIN"`; None when rejected, as are the next four.
        probability: calibrated probability of pneumonia in [0, 1].
        logit: the network's output before calibration.
        heatmap: float32 (h, w), the Grad-CAM map in logits on the network's own grid. Positive values speak
            for pneumonia; the mean plus the head's bias is `logit` for a linear head.
        field_of_view: the part of the image that the network was shown, and that the map covers.
        image_sha256: hash of the uploaded bytes (of the pixels for an array).
        checks: what was noticed about the upload.
        error: the sentence to show when rejected.
    """

    status: Literal["read", "rejected"]
    variant: str
    operating_point: str
    threshold: float
    weights_sha256: str
    finding: str | None = None
    probability: float | None = None
    logit: float | None = None
    heatmap: np.ndarray | None = field(default=None, repr=False, compare=False)
    field_of_view: Box = WHOLE
    image_sha256: str | None = None
    checks: tuple[Check, ...] = ()
    error: str | None = None

    def heatmap_on(self, image: np.ndarray | Image.Image) -> np.ndarray:
        """The map in the geometry of an image.

        Args:
            image: array (H, W[, C]) or PIL image; only its size counts.

        Returns:
            float32 (H, W) in logits.

        Raises:
            ValueError: if the upload was rejected and there is no map.
        """
        if self.heatmap is None:
            raise ValueError("A rejected image has no heatmap.")
        width, height = image.size if isinstance(image, Image.Image) else image.shape[1::-1]
        return heatmap_on(self.heatmap, height, width, self.field_of_view)

    def at(self, point: OperatingPoint) -> "Prediction":
        """The same reading judged at another operating point, without running the network again."""
        finding = None if self.probability is None else point.finding(self.probability)
        return replace(self, operating_point=point.name, threshold=point.threshold, finding=finding)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the map and without any path."""
        return {
            "status": self.status,
            "finding": self.finding,
            "probability": self.probability,
            "threshold": self.threshold,
            "operating_point": self.operating_point,
            "logit": self.logit,
            "field_of_view": self.field_of_view._asdict(),
            "checks": [vars(check) for check in self.checks],
            "error": self.error,
            "variant": self.variant,
            "weights_sha256": self.weights_sha256,
            "image_sha256": self.image_sha256,
            "notice": NOTICE,
        }


class Predictor:
    """Reads radiographs with one variant; safe to use from several threads.

    Args:
        bundle: a verified weights folder.

    Attributes:
        variant: its name.
        version: version of the weights.
        weights_sha256: hash of the served model.
        preprocessor: prepares an image for the network.
        temperature: the logit is divided by it before it becomes a probability (Guo et al., ICML 2017).
        heatmap_scale: logits at which overlays saturate.
        operating_points: by name.
        metrics: figures of each set, as in metrics.json.
        history: rows of the training history, as in history.csv.
    """

    def __init__(self, bundle: Bundle) -> None:
        config = bundle.config
        try:
            self.variant: str = config["variant"]
            self.version: str = config["version"]
            preprocessing = Preprocessing(**config["preprocessing"])
            self.temperature: float = config["temperature"]
            self.heatmap_scale: float = config["heatmap_scale"]
            self.operating_points = {
                name: OperatingPoint(
                    name=name,
                    **{
                        **values,
                        "sensitivity": Interval(**values["sensitivity"]),
                        "specificity": Interval(**values["specificity"]),
                    },
                )
                for name, values in config["operating_points"].items()
            }
        except (KeyError, TypeError) as error:
            raise WeightsError("The config of the weights folder does not fit this version of the program.") from error
        self.preprocessor = Preprocessor(preprocessing)
        self.metrics = bundle.metrics
        self.history = list(csv.DictReader(bundle.contents[HISTORY].decode().splitlines()))
        self.weights_sha256 = bundle.weights_sha256
        self._engine = Engine(bundle.contents[SERVED_MODEL])

    def predict(self, source: Source | Radiograph, operating_point: str = BALANCED) -> Prediction:
        """Read one radiograph.

        Args:
            source: path, bytes of a file, PIL image, uint8 or uint16 array (H, W[, 3]), or a decoded radiograph.
            operating_point: name of the operating point.

        Returns:
            The reading; an image that cannot be read gives one with status `"rejected"` and the reason.

        Raises:
            ValueError: if there is no such operating point.
        """
        point = self._operating_point(operating_point)
        try:
            radiograph = source if isinstance(source, Radiograph) else decode(source)
        except ImageError as error:
            return Prediction(
                status="rejected",
                variant=self.variant,
                operating_point=point.name,
                threshold=point.threshold,
                weights_sha256=self.weights_sha256,
                checks=(Check("image", "reject", str(error)),),
                error=str(error),
            )
        prepared = self.preprocessor.apply(radiograph.pixels)
        logit, heatmap = self._engine.run(prepared.image)
        probability = self.probability(logit)
        return Prediction(
            status="read",
            variant=self.variant,
            operating_point=point.name,
            threshold=point.threshold,
            weights_sha256=self.weights_sha256,
            finding=point.finding(probability),
            probability=probability,
            logit=logit,
            heatmap=heatmap,
            field_of_view=prepared.view.box,
            image_sha256=radiograph.sha256,
            checks=radiograph.checks + _lungs_check(prepared.lungs_found),
        )

    def predict_many(self, sources: Iterable[Source], operating_point: str = BALANCED) -> Iterator[Prediction]:
        """Read a stream of radiographs on all cores.

        Args:
            sources: as for `predict`; taken as they are needed, so the stream may be endless.
            operating_point: name of the operating point.

        Yields:
            Readings in the order of the sources; a bad file is a rejected reading.
        """
        self._operating_point(operating_point)
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[Future[Prediction]] = deque()
            for source in sources:
                waiting.append(pool.submit(self.predict, source, operating_point))
                # Enough ahead to keep every core busy, little enough to keep memory flat.
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def probability(self, logit: float) -> float:
        """Calibrated probability of pneumonia of an uncalibrated logit."""
        # tanh does not overflow where exp does.
        return 0.5 * (1.0 + math.tanh(0.5 * logit / self.temperature))

    def _operating_point(self, name: str) -> OperatingPoint:
        if name not in self.operating_points:
            raise ValueError(f"There is no operating point {name!r}; choose {', '.join(self.operating_points)}.")
        return self.operating_points[name]


def _lungs_check(found: bool | None) -> tuple[Check, ...]:
    if found is None:
        return ()
    if found:
        return (Check("lungs", "ok", "Two lung fields were found; the reading goes by them."),)
    return (
        Check(
            "lungs",
            "warn",
            "No two lung fields were found, so the whole image was read. Make sure that it is a frontal chest "
            "radiograph; on images like this the reading is less reliable.",
        ),
    )


def load_predictor(variant: str | None = None, weights: str | os.PathLike | None = None) -> Predictor:
    """Load a variant's trained weights.

    Args:
        variant: a name from `list_variants()`; if left out, whatever `weights` holds, or the default variant.
        weights: a weights folder to use instead of the one that comes with the project.

    Raises:
        WeightsError: if there are none, if they do not match their own hashes, or if they are of another variant.
    """
    if weights is not None:
        predictor = Predictor(read_bundle(Path(weights)))
        if variant not in (None, predictor.variant):
            raise WeightsError(f"The weights folder holds {predictor.variant}, not {variant}.")
        return predictor
    variant = variant or DEFAULT
    if variant not in list_variants():
        raise WeightsError(f"There is no variant {variant!r}; choose one of {', '.join(list_variants())}.")
    return Predictor(read_bundle(WEIGHTS_FOLDER / variant))
