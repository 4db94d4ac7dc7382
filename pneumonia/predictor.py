"""From an upload to a finding: decode, preprocess, one pass, calibrate, compare with the operating point."""

import copy
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

from pneumonia.bundle import HISTORY, SERVED_MODEL, Bundle, read_bundle
from pneumonia.case import Case
from pneumonia.checks import Check
from pneumonia.engine import Engine, cores
from pneumonia.errors import ImageError, UnsupportedImageError, WeightsError
from pneumonia.explain.localisation import positive_evidence, share_inside
from pneumonia.explain.support import Support, measure_support
from pneumonia.geometry import WHOLE, Box, heatmap_on, part_of, peak_of
from pneumonia.images import Radiograph, Source, decode
from pneumonia.logs import ONE_OF_MANY, SINGLE, timed
from pneumonia.lung_checks import LEAST_EVIDENCE, clipped_check, evidence_check, lungs_check
from pneumonia.lung_fields import LungSegmentation
from pneumonia.notices import NOTICE
from pneumonia.operating_points import BALANCED, Interval, OperatingPoint
from pneumonia.pins import find_bundle
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Prepared, Preprocessor
from pneumonia.site_calibration import SiteCalibration
from pneumonia.variants import DEFAULT, list_variants

_NO_HEATMAP = "A rejected image has no heatmap."


@dataclass(frozen=True)
class Prediction:
    """One reading of one radiograph by one variant.

    Attributes:
        status: `"read"`, or `"rejected"` when the upload could not be read.
        variant: name of the variant.
        operating_point: name of the operating point.
        threshold: probability from which the operating point calls pneumonia.
        weights_sha256: hash of the served model.
        finding: `"NORMAL"`, `"PNEUMONIA"` or `"UNCERTAIN"`; None when rejected, as are the next three.
        probability: calibrated probability of pneumonia in [0, 1].
        logit: the network's output before calibration.
        heatmap: float32 (h, w), the Grad-CAM map in logits on the network's own grid. Positive values speak
            for pneumonia; the mean plus the head's bias is `logit` for a linear head.
        field_of_view: the part of the image that the network was shown, and that the map covers.
        lungs: the lung fields; None where no two were found, or where they could not be looked for.
        in_lung_share: share of the map's positive evidence that lies inside the lungs, in [0, 1], with the coarse map
            interpolated to the grid of the lungs as it is for an overlay (`explain.localisation.share_inside`). To be
            read beside `lung_area`. None without `lungs`, or where positive evidence raises the score by less than
            `LEAST_EVIDENCE` logits.
        image_sha256: hash of the uploaded bytes (of the pixels for an array).
        checks: what was noticed about the upload.
        error: the sentence to show when rejected.
        calibration: to the site it was judged for; None as shipped.
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
    lungs: LungSegmentation | None = field(default=None, repr=False, compare=False)
    in_lung_share: float | None = None
    image_sha256: str | None = None
    checks: tuple[Check, ...] = ()
    error: str | None = None
    calibration: SiteCalibration | None = field(default=None, repr=False)

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
            raise ValueError(_NO_HEATMAP)
        width, height = image.size if isinstance(image, Image.Image) else image.shape[1::-1]
        return heatmap_on(self.heatmap, height, width, self.field_of_view)

    @property
    def lung_area(self) -> float | None:
        """Share of what the map covers that lies inside the lungs: the `in_lung_share` of a map without knowledge."""
        return None if self.lungs is None else float(part_of(self.lungs.inside, self.field_of_view).mean())

    @property
    def peak(self) -> tuple[float, float]:
        """Where the map is highest: x and y of the middle of that cell, in fractions of the image's width and height.

        Raises:
            ValueError: if the upload was rejected and there is no map.
        """
        if self.heatmap is None:
            raise ValueError(_NO_HEATMAP)
        return peak_of(self.heatmap, self.field_of_view)

    def at(self, point: OperatingPoint) -> "Prediction":
        """The same reading judged at another operating point, without running the network again."""
        finding = None if self.probability is None else point.finding(self.probability)
        return replace(self, operating_point=point.name, threshold=point.threshold, finding=finding)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the map, the lungs and any path."""
        return {
            "status": self.status,
            "finding": self.finding,
            "probability": self.probability,
            "threshold": self.threshold,
            "operating_point": self.operating_point,
            "logit": self.logit,
            "field_of_view": self.field_of_view._asdict(),
            "in_lung_share": self.in_lung_share,
            "lung_area": self.lung_area,
            "checks": [vars(check) for check in self.checks],
            "error": self.error,
            "calibration": self.calibration and {"name": self.calibration.name, "date": self.calibration.date},
            "variant": self.variant,
            "weights_sha256": self.weights_sha256,
            "image_sha256": self.image_sha256,
            "notice": NOTICE,
        }


class Predictor:
    """Reads radiographs with one variant; safe to use from several threads and processes, forked ones too.

    Args:
        bundle: a verified weights folder.

    Attributes:
        variant: its name.
        version: version of the weights.
        weights_sha256: hash of the served model.
        preprocessor: prepares an image for the network.
        temperature: the logit is divided by it before it becomes a probability (Guo et al., ICML 2017).
        offset: added to the logit before that; 0 as shipped.
        calibration: to a site; None as shipped.
        heatmap_scale: logits at which overlays saturate.
        operating_points: by name.
        metrics: figures of each set, as in metrics.json.
        history: rows of the training history, as in history.csv.
    """

    def __init__(self, bundle: Bundle) -> None:
        config = bundle.config
        self.offset = 0.0
        self.calibration: SiteCalibration | None = None
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

    def predict(
        self, source: Source | Radiograph | Case, operating_point: str | OperatingPoint = BALANCED
    ) -> Prediction:
        """Read one radiograph.

        Args:
            source: as for `images.decode`, or a decoded radiograph. A
                `Case` lets several variants share what they need of one.
            operating_point: the operating point or its name.

        Returns:
            The reading; an image that cannot be read gives one with status `"rejected"` and the reason.

        Raises:
            ValueError: if there is no such operating point.
        """
        return timed(SINGLE, self._read, source, self._operating_point(operating_point))

    def _read(self, source: Source | Radiograph | Case, point: OperatingPoint) -> Prediction:
        try:
            case = _case(source)
        except ImageError as error:
            return self.rejected(str(error), point)
        case.look_for_lungs()
        prepared = self._prepared(case)
        logit, heatmap = self._engine.run(prepared.image)
        lungs, chest = case.lungs, case.chest
        clipped = clipped_check(case.radiograph.clipped, lungs)
        if chest is not None and chest.status == "reject":
            # What was warned of may be the cause, for instance pictures that are joined; a window that hides the lungs
            # is, as far as can be told.
            causes = (*(replace(check, status="reject") for check in clipped), chest, *case.radiograph.checks)
            rejected = self._rejected(point, causes)
            return replace(rejected, image_sha256=case.radiograph.sha256)
        probability = self.probability(logit)
        found = lungs if lungs is not None and lungs.found else None
        box = prepared.view.box
        share = None
        if found is not None and positive_evidence(heatmap) >= LEAST_EVIDENCE:
            share = share_inside(heatmap, part_of(found.inside, box))
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
            field_of_view=box,
            lungs=found,
            in_lung_share=share,
            image_sha256=case.radiograph.sha256,
            checks=(
                *case.radiograph.checks,
                *(() if chest is None else (chest,)),
                *lungs_check(lungs, self.preprocessor.record.field),
                *clipped,
                *evidence_check(heatmap, share),
            ),
            calibration=self.calibration,
        )

    def predict_many(self, sources: Iterable[Source], operating_point: str = BALANCED) -> Iterator[Prediction]:
        """Read a stream of radiographs on all cores.

        Args:
            sources: as for `predict`; taken as they are needed, so the stream may be endless.
            operating_point: name of the operating point.

        Yields:
            Readings in the order of the sources; a bad file is a rejected reading.
        """
        point = self._operating_point(operating_point)
        workers = cores()
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[Future[Prediction]] = deque()
            for source in sources:
                waiting.append(pool.submit(timed, ONE_OF_MANY, self._read, source, point))
                # Enough ahead to keep every core busy, little enough to keep memory flat.
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def rejected(self, error: str, operating_point: str | OperatingPoint = BALANCED) -> Prediction:
        """The reading of an upload that could not be read, for a reason that can be shown as it is.

        Raises:
            ValueError: if there is no such operating point.
        """
        return self._rejected(self._operating_point(operating_point), (Check("image", "reject", error),))

    def measure_support(self, source: Source | Radiograph | Case) -> Support:
        """Test whether the region that the heatmap marks lowers the score more than others do, when it is blurred.

        Args:
            source: as for `predict`.

        Raises:
            ImageError: if it cannot be read, or is no frontal chest radiograph.
        """
        case = _case(source)
        if case.chest is not None and case.chest.status == "reject":
            raise UnsupportedImageError(case.chest.message)
        return measure_support(self._engine, self._prepared(case).image, case.radiograph.sha256)

    def probability(self, logit: float) -> float:
        """Calibrated probability of pneumonia of an uncalibrated logit."""
        # tanh does not overflow where exp does.
        return 0.5 * (1.0 + math.tanh(0.5 * (logit + self.offset) / self.temperature))

    def recalibrated(self, site: SiteCalibration | None) -> "Predictor":
        """The same network, shared, with the probabilities and thresholds of a site; None for `self`, as shipped.

        Raises:
            CalibrationError: if it was made for another network, or the network is not usable at that site.
        """
        if site is None:
            return self
        site.require_usable(self.variant, self.weights_sha256)
        other = copy.copy(self)
        other.temperature, other.offset = site.temperature.value, site.offset.value
        other.operating_points, other.calibration = site.operating_points, site
        return other

    def judge(self, prediction: Prediction, point: OperatingPoint) -> Prediction:
        """A reading by the same network, judged with this calibration, without running it again."""
        probability = None if prediction.logit is None else self.probability(prediction.logit)
        again = replace(prediction, probability=probability, calibration=self.calibration)
        return again.at(point)

    def _rejected(self, point: OperatingPoint, checks: tuple[Check, ...]) -> Prediction:
        return Prediction(
            status="rejected",
            variant=self.variant,
            operating_point=point.name,
            threshold=point.threshold,
            weights_sha256=self.weights_sha256,
            checks=checks,
            error=checks[0].message,
            calibration=self.calibration,
        )

    def _prepared(self, case: Case) -> Prepared:
        record = self.preprocessor.record
        # A network that is shown the whole image need not wait for the lungs.
        lungs = None if record.field == "image" else case.lungs
        return self.preprocessor.apply(case.square(record.size), lungs)

    def _operating_point(self, name: str | OperatingPoint) -> OperatingPoint:
        if isinstance(name, OperatingPoint):
            return name
        if name not in self.operating_points:
            raise ValueError(f"There is no operating point {name!r}; choose {', '.join(self.operating_points)}.")
        return self.operating_points[name]


def _case(source: Source | Radiograph | Case) -> Case:
    if isinstance(source, Case):
        return source
    return Case(source if isinstance(source, Radiograph) else decode(source))


def load_predictor(variant: str | None = None, weights: str | os.PathLike | None = None) -> Predictor:
    """Load a variant's trained weights: from `weights/`, or else from the Hub where they are pinned.

    Args:
        variant: a name from `list_variants()`; if left out, whatever `weights` holds, or the default variant.
        weights: a weights folder to use instead of the one that comes with the project.

    Raises:
        WeightsError: if there are none, if they do not match their own hashes, or if they are of another variant.
    """
    if weights is None:
        variant = variant or DEFAULT
        if variant not in list_variants():
            raise WeightsError(f"There is no variant {variant!r}; choose one of {', '.join(list_variants())}.")
    predictor = Predictor(find_bundle(variant) if weights is None else read_bundle(Path(weights)))
    if variant not in (None, predictor.variant):
        raise WeightsError(f"The weights folder holds {predictor.variant}, not {variant}.")
    return predictor
