"""From an upload to a finding: decode, preprocess, one pass, calibrate, compare with the operating point."""

import csv
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Gt

from pneumonia.calibration.calibration import Calibration
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.check import Check
from pneumonia.core.geometry import part_of
from pneumonia.core.operating_points import BALANCED, Number, OperatingPoint
from pneumonia.errors import ImageError, UnsupportedImageError
from pneumonia.explain.localisation import positive_evidence, share_inside
from pneumonia.explain.region_test import Support, measure_support
from pneumonia.imaging.decode import Radiograph, Source, decode
from pneumonia.inference.engine import Engine
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_checks import LEAST_EVIDENCE, clipped_check, evidence_check, lungs_check
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.preprocessor import Prepared, Preprocessor
from pneumonia.inference.reading_log import ONE_OF_MANY, SINGLE, log_reading
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.metrics.scores import pooled_validation
from pneumonia.utils.lookup import look_up
from pneumonia.utils.processes import cores
from pneumonia.variants.registry import DEFAULT, get_variant
from pneumonia.weights.folder import HISTORY, SERVED_FILES, SERVED_MODEL, Bundle, read_bundle
from pneumonia.weights.locate import find_bundle

if TYPE_CHECKING:
    from pneumonia.metrics.threshold_sweep import ThresholdSweep


@dataclass(frozen=True)
class _Settings:
    """The part of config.json that is read here, besides the calibration."""

    version: str
    preprocessing: Preprocessing
    heatmap_scale: Annotated[Number, Gt(0)]


@dataclass(frozen=True, eq=False)
class Predictor:
    """Reads radiographs with one variant; safe to use from several threads and processes, forked ones too.

    Attributes:
        version: version of the weights.
        preprocessor: prepares an image for the network.
        engine: the served network.
        calibration: turns its logits into probabilities and findings.
        heatmap_scale: logits at which overlays saturate.
        metrics: figures of each set, as in metrics.json.
        history: rows of the training history, as in history.csv.
    """

    version: str
    preprocessor: Preprocessor
    engine: Engine
    calibration: Calibration
    heatmap_scale: float
    metrics: dict[str, Any] = field(repr=False)
    history: list[dict[str, str]] = field(repr=False)

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "Predictor":
        """Read with a verified weights folder.

        Raises:
            WeightsError: if its network cannot be opened, or its config is not of this version of the program.
        """
        settings = bundle.settings(_Settings)
        return cls(
            version=settings.version,
            preprocessor=Preprocessor(settings.preprocessing),
            engine=Engine(bundle.contents[SERVED_MODEL]),
            calibration=Calibration.from_bundle(bundle),
            heatmap_scale=settings.heatmap_scale,
            metrics=bundle.metrics,
            history=list(csv.DictReader(bundle.contents[HISTORY].decode().splitlines())),
        )

    @property
    def variant(self) -> str:
        """Name of the variant."""
        return self.calibration.variant

    @property
    def weights_sha256(self) -> str:
        """Hash of the served model."""
        return self.calibration.weights_sha256

    @property
    def operating_points(self) -> dict[str, OperatingPoint]:
        """Operating points of the calibration, by name."""
        return self.calibration.operating_points

    def predict(
        self, source: Source | Radiograph | SharedAnalysis, operating_point: str | OperatingPoint = BALANCED
    ) -> Prediction:
        """Read one radiograph.

        Args:
            source: as for `imaging.decode.decode`, or a decoded radiograph. A
                `SharedAnalysis` lets several variants share what they need of one.
            operating_point: the operating point or its name.

        Returns:
            The reading; an image that cannot be read gives one with status `"rejected"` and the reason.

        Raises:
            UnknownNameError: if there is no such operating point.
        """
        return log_reading(SINGLE, self._read, source, self._operating_point(operating_point))

    def _read(self, source: Source | Radiograph | SharedAnalysis, point: OperatingPoint) -> Prediction:
        try:
            case = _case(source)
        except ImageError as error:
            return self.rejected(str(error), point)
        case.look_for_lungs()
        prepared = self._prepared(case)
        logit, heatmap = self.engine.run(prepared.image)
        lungs, chest = case.lungs, case.chest
        clipped = clipped_check(case.radiograph.clipped, lungs)
        if chest is not None and chest.status == "reject":
            # What was warned of may be the cause, for instance pictures that are joined; a window that hides the lungs
            # is, as far as can be told.
            causes = (*(replace(check, status="reject") for check in clipped), chest, *case.radiograph.checks)
            rejected = self._rejected(point, causes)
            return replace(rejected, image_sha256=case.radiograph.sha256)
        probability, finding = self.calibration.judge(logit, point)
        inside = None if lungs is None else lungs.inside
        box = prepared.view.box
        share = None
        if inside is not None and positive_evidence(heatmap) >= LEAST_EVIDENCE:
            share = share_inside(heatmap, part_of(inside, box))
        return self._reading(
            "read",
            point,
            finding=finding,
            probability=probability,
            logit=logit,
            heatmap=heatmap,
            field_of_view=box,
            lungs=None if inside is None else lungs,
            in_lung_share=share,
            image_sha256=case.radiograph.sha256,
            checks=(
                *case.radiograph.checks,
                *(() if chest is None else (chest,)),
                *lungs_check(lungs, self.preprocessor.record.field),
                *clipped,
                *evidence_check(heatmap, share),
            ),
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
                waiting.append(pool.submit(log_reading, ONE_OF_MANY, self._read, source, point))
                # Enough ahead to keep every core busy, little enough to keep memory flat.
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def rejected(self, error: str, operating_point: str | OperatingPoint = BALANCED) -> Prediction:
        """The reading of an upload that could not be read, for a reason that can be shown as it is.

        Raises:
            UnknownNameError: if there is no such operating point.
        """
        return self._rejected(self._operating_point(operating_point), (Check("image", "reject", error),))

    def measure_support(self, source: Source | Radiograph | SharedAnalysis) -> Support:
        """Test whether the region that the heatmap marks lowers the score more than others do, when it is blurred.

        Args:
            source: as for `predict`.

        Raises:
            ImageError: if it cannot be read, or is no frontal chest radiograph.
        """
        case = _case(source)
        if case.chest is not None and case.chest.status == "reject":
            raise UnsupportedImageError(case.chest.message)
        return measure_support(self.engine.run, self._prepared(case).image, case.radiograph.sha256)

    def recalibrated(self, site: SiteCalibration | None) -> "Predictor":
        """The same network, shared, with the probabilities and thresholds of a site; None for `self`, as published.

        Raises:
            CalibrationError: if it was made for another network, or the network is not usable at that site.
        """
        return self if site is None else replace(self, calibration=self.calibration.for_site(site))

    def thresholds(self) -> "ThresholdSweep":
        """Figures of any threshold on the images that the calibration was fixed on."""
        from pneumonia.metrics.threshold_sweep import ThresholdSweep  # only where it is needed: it loads scipy

        site = self.calibration.site
        scores = pooled_validation(self.metrics["sets"]) if site is None else site.shifted_scores
        return ThresholdSweep(scores, self.calibration.temperature)

    def _rejected(self, point: OperatingPoint, checks: tuple[Check, ...]) -> Prediction:
        return self._reading("rejected", point, checks=checks, error=checks[0].message)

    def _reading(self, status: Literal["read", "rejected"], point: OperatingPoint, **fields: Any) -> Prediction:
        return Prediction(
            status,
            self.variant,
            point.name,
            point.threshold,
            self.weights_sha256,
            calibration=self.calibration.site,
            **fields,
        )

    def _prepared(self, case: SharedAnalysis) -> Prepared:
        record = self.preprocessor.record
        # A network that is shown the whole image need not wait for the lungs.
        lungs = None if record.field == "image" else case.lungs
        return self.preprocessor.apply(case.square(record.size), lungs)

    def _operating_point(self, name: str | OperatingPoint) -> OperatingPoint:
        return name if isinstance(name, OperatingPoint) else look_up(self.operating_points, name, "operating point")


def _case(source: Source | Radiograph | SharedAnalysis) -> SharedAnalysis:
    if isinstance(source, SharedAnalysis):
        return source
    return SharedAnalysis(source if isinstance(source, Radiograph) else decode(source))


def load_predictor(variant: str | None = None, weights: str | os.PathLike | None = None) -> Predictor:
    """Load a variant's trained weights: from `weights/`, or else from the Hub where they are pinned.

    Args:
        variant: a name from `list_variants()`; if left out, whatever `weights` holds, or the default variant.
        weights: a weights folder to use instead of the one that comes with the project.

    Raises:
        UnknownNameError: if there is no such variant.
        WeightsError: if there are none, if they do not match their own hashes, or if they are of another variant.
    """
    if weights is None:
        variant = get_variant(variant or DEFAULT).name
        bundle = find_bundle(variant)
    else:
        bundle = read_bundle(Path(weights), SERVED_FILES)
    predictor = Predictor.from_bundle(bundle)
    bundle.require_variant(variant)
    return predictor
