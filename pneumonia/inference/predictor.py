"""From an upload to a finding: decode, preprocess, one pass, calibrate, compare with the operating point."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Gt

from pneumonia.calibration.calibration import Calibration, UndecidedCalibration
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.check import Check
from pneumonia.core.geometry import part_of
from pneumonia.core.operating_points import BALANCED, Number, OperatingPoint
from pneumonia.core.populations import CHILDREN, POPULATIONS, UNSTATED
from pneumonia.errors import CalibrationError, ImageError, UnsupportedImageError
from pneumonia.explain.localisation import positive_evidence, share_inside
from pneumonia.explain.region_test import Support, measure_support
from pneumonia.imaging.decode import Radiograph, Source, decode_unjudged
from pneumonia.inference.chest_check import NEGATIVE
from pneumonia.inference.engine import Engine
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_checks import LEAST_EVIDENCE, clipped_check, evidence_check, lungs_check
from pneumonia.inference.population import read_as
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.preprocessor import Prepared, Preprocessor
from pneumonia.inference.reading_log import ONE_OF_MANY, SINGLE, log_reading
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.metrics.scores import Scores, pool_scores
from pneumonia.utils.lookup import look_up
from pneumonia.utils.processes import cores, on_all_cores
from pneumonia.variants.registry import DEFAULT, get_variant
from pneumonia.weights.folder import HISTORY, SERVED_FILES, SERVED_MODEL, Bundle, read_bundle
from pneumonia.weights.locate import find_bundle

if TYPE_CHECKING:
    from pneumonia.metrics.threshold_sweep import ThresholdSweep


# An operating point, its name, or what makes one for the calibration that turns out to be the patient's.
PointChoice = str | OperatingPoint | Callable[[Calibration], OperatingPoint]
# What `predict_many` takes: a source, or what opens one on the thread that reads it.
Opened = Source | SharedAnalysis | Callable[[], SharedAnalysis]


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
        calibrations: turn its logits into probabilities and findings, by population; by `UNSTATED` where it is not
            stated of whom the training images are.
        heatmap_scale: logits at which overlays saturate.
        metrics: figures of each set, as in metrics.json.
        history: rows of the training history, as in history.csv.
    """

    version: str
    preprocessor: Preprocessor
    engine: Engine
    calibrations: Mapping[str, Calibration]
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
        engine = Engine(bundle.contents[SERVED_MODEL])
        engine.require_size(settings.preprocessing.size)
        return cls(
            version=settings.version,
            preprocessor=Preprocessor(settings.preprocessing),
            engine=engine,
            calibrations=Calibration.from_bundle(bundle),
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
    def calibration(self) -> Calibration:
        """The calibration for children, or, where there is none, for the first population there is one for."""
        return self.calibrations.get(CHILDREN) or next(iter(self.calibrations.values()))

    @property
    def operating_points(self) -> dict[str, OperatingPoint]:
        """Operating points of `calibration`, by name."""
        return self.calibration.operating_points

    @property
    def populations(self) -> tuple[str, ...]:
        """The populations that the network is calibrated for, of `POPULATIONS`; none where some are not stated."""
        return () if UNSTATED in self.calibrations else tuple(self.calibrations)

    def calibration_for(self, population: str | None) -> Calibration:
        """The calibration by which patients of a population are judged; None for those of whom it is not known.

        It is the only one where there is no other, whatever the population.
        """
        if population is not None and population in self.calibrations:
            return self.calibrations[population]
        if len(self.calibrations) == 1:
            return self.calibration
        return UndecidedCalibration.between(self.calibrations.values())

    def predict(
        self,
        source: Source | Radiograph | SharedAnalysis,
        operating_point: PointChoice = BALANCED,
        population: str | None = None,
    ) -> Prediction:
        """Read one radiograph.

        Args:
            source: as for `imaging.decode.decode`, or a decoded radiograph. A
                `SharedAnalysis` lets several variants share what they need of one.
            operating_point: the operating point, its name, or what makes one for the calibration of the patient's
                population.
            population: the patient's, `"children"` or `"adults"`, where no header tells it; if left out, the picture
                does, or the reading asks.

        Returns:
            The reading; an image that cannot be read gives one with status `"rejected"` and the reason.

        Raises:
            UnknownNameError: if there is no such operating point or population.
        """
        self._require_known(operating_point, population)
        return log_reading(SINGLE, self._read, source, operating_point, population, cores() > 1)

    def _read(
        self,
        source: Radiograph | Opened,
        operating_point: PointChoice,
        population: str | None,
        on_two_cores: bool,
    ) -> Prediction:
        try:
            case = _case(source)
            if on_two_cores:
                case.begin()
            else:
                _ = case.radiograph  # a picture that is none is refused before a network reads it
            prepared = self._prepared(case)
            logit, heatmap = self.engine.run(prepared.image)
            radiograph = case.radiograph
        except ImageError as error:
            return self.rejected(str(error), operating_point, population)
        lungs, chest = case.lungs, case.chest
        clipped = clipped_check(radiograph.clipped, lungs)
        if chest is not None and chest.status == "reject":
            # What was warned of may be the cause, for instance pictures that are joined; a window that hides the lungs
            # is, as far as can be told.
            hidden, noticed = [replace(check, status="reject") for check in clipped], radiograph.checks
            if chest.message == NEGATIVE:
                # Inverted, the rest may be sound.
                causes = (chest, *hidden, *(check for check in noticed if check.name != "polarity"))
            else:
                causes = (*hidden, chest, *noticed)
            rejected = self._rejected(operating_point, population, causes)
            return replace(rejected, image_sha256=radiograph.sha256)
        whose = read_as(self.populations, radiograph.facts.get("age_years"), population, case.looks_like)
        calibration = self.calibration_for(whose.population)
        point = _point(operating_point, calibration)
        probability, finding = calibration.judge(logit, point)
        inside = None if lungs is None else lungs.inside
        box = prepared.view.box
        share = None
        if inside is not None and positive_evidence(heatmap) >= LEAST_EVIDENCE:
            share = share_inside(heatmap, part_of(inside, box))
        return self._reading(
            "read",
            point,
            calibration,
            population=whose.population,
            population_source=whose.source,
            finding=finding,
            probability=probability,
            logit=logit,
            heatmap=heatmap,
            field_of_view=box,
            lungs=None if inside is None else lungs,
            in_lung_share=share,
            image_sha256=radiograph.sha256,
            checks=(
                *radiograph.checks,
                *(() if chest is None else (chest,)),
                *lungs_check(lungs, self.preprocessor.record.field),
                *clipped,
                *evidence_check(heatmap, share),
                *whose.checks,
            ),
        )

    def predict_many(
        self, sources: Iterable[Opened], operating_point: str = BALANCED, population: str | None = None
    ) -> Iterator[Prediction]:
        """Read a stream of radiographs on all cores.

        Args:
            sources: as for `predict`, or functions that decode one and do with it whatever else is to be done, on the
                thread that reads it; taken as they are needed, so the stream may be endless.
            operating_point: name of the operating point.
            population: of all patients; as for `predict`.

        Yields:
            Readings in the order of the sources; a bad file is a rejected reading.
        """
        self._require_known(operating_point, population)

        def read(source: Opened) -> Prediction:
            # On one core: where all are busy, what is handed to another thread is only waited for.
            return log_reading(ONE_OF_MANY, self._read, source, operating_point, population, False)

        yield from on_all_cores(read, sources)

    def rejected(
        self, error: str, operating_point: PointChoice = BALANCED, population: str | None = None
    ) -> Prediction:
        """The reading of an upload that could not be read, for a reason that can be shown as it is.

        Raises:
            UnknownNameError: if there is no such operating point or population.
        """
        self._require_known(operating_point, population)
        return self._rejected(operating_point, population, (Check("image", "reject", error),))

    def measure_support(
        self, source: Source | Radiograph | SharedAnalysis, interrupted: Callable[[], bool] | None = None
    ) -> Support:
        """Test whether the region that the heatmap marks lowers the score more than others do, when it is blurred.

        Args:
            source: as for `predict`.
            interrupted: as for `region_test.measure_support`.

        Raises:
            ImageError: if it cannot be read, or is no frontal chest radiograph.
            Interrupted: as soon as `interrupted` says so.
        """
        case = _case(source)
        radiograph = case.radiograph
        if case.chest is not None and case.chest.status == "reject":
            raise UnsupportedImageError(case.chest.message)
        return measure_support(self.engine.run, self._prepared(case).image, radiograph.sha256, interrupted)

    def recalibrated(self, site: SiteCalibration | None) -> "Predictor":
        """The same network, shared, with the probabilities and thresholds of a site; None for `self`, as published.

        Raises:
            CalibrationError: if it was made for another network, or the network is not usable at that site.
        """
        if site is None:
            return self
        if site.population not in self.calibrations:
            raise CalibrationError(f"The calibration {site.label} is of {site.population}, and this network of others.")
        calibrated = self.calibrations[site.population].for_site(site)
        return replace(self, calibrations={**self.calibrations, site.population: calibrated})

    def thresholds(self, calibration: Calibration) -> "ThresholdSweep":
        """Figures of any threshold on the images that one of the calibrations was fixed on."""
        from pneumonia.metrics.threshold_sweep import ThresholdSweep  # only where it is needed: it loads scipy

        if calibration.site is not None:
            return ThresholdSweep(calibration.site.shifted_scores, calibration.temperature)
        scores = pool_scores([self._scores(name) for name in calibration.sets])
        return ThresholdSweep(scores.shifted(calibration.offset), calibration.temperature)

    def thresholds_on(self, name: str) -> "ThresholdSweep":
        """Figures of any threshold, as published, on a set of metrics.json."""
        from pneumonia.metrics.threshold_sweep import ThresholdSweep  # likewise

        calibration = self.calibration_of_set(name)
        return ThresholdSweep(self._scores(name).shifted(calibration.offset), calibration.temperature)

    def calibration_of_set(self, name: str) -> Calibration:
        """The calibration that a set of metrics.json is judged by."""
        population = self.metrics["sets"][name].get("population")
        return self.calibrations[population] if population else self.calibration

    def custom_point(self, threshold: float, population: str | None) -> OperatingPoint:
        """The operating point at a threshold of the reader's own, a calibrated probability in (0, 1)."""
        return self.calibration_for(population).custom_point(threshold, self.thresholds)

    def _scores(self, name: str) -> Scores:
        return Scores.from_dict(self.metrics["sets"][name]["scores"])

    def _require_known(self, operating_point: PointChoice, population: str | None) -> None:
        if population is not None:
            look_up(dict.fromkeys(POPULATIONS), population, "population")
        if isinstance(operating_point, str):
            look_up(self.operating_points, operating_point, "operating point")

    def _rejected(self, operating_point: PointChoice, population: str | None, checks: tuple[Check, ...]) -> Prediction:
        calibration = self.calibration_for(population)
        point = _point(operating_point, calibration)
        return self._reading("rejected", point, calibration, checks=checks, error=checks[0].message)

    def _reading(
        self, status: Literal["read", "rejected"], point: OperatingPoint, calibration: Calibration, **fields: Any
    ) -> Prediction:
        return Prediction(
            status,
            self.variant,
            point.name,
            point.threshold,
            self.weights_sha256,
            calibration=calibration.site,
            **fields,
        )

    def _prepared(self, case: SharedAnalysis) -> Prepared:
        record = self.preprocessor.record
        # A network that is shown the whole image need not wait for the lungs.
        lungs = None if record.field == "image" else case.lungs
        return self.preprocessor.apply(case.square(record.size), lungs)


def _point(chosen: PointChoice, calibration: Calibration) -> OperatingPoint:
    if isinstance(chosen, OperatingPoint):
        return chosen
    if callable(chosen):
        return chosen(calibration)
    return look_up(calibration.operating_points, chosen, "operating point")


def _case(source: Radiograph | Opened) -> SharedAnalysis:
    if isinstance(source, SharedAnalysis):
        return source
    if callable(source):
        return source()
    return SharedAnalysis(source if isinstance(source, Radiograph) else decode_unjudged(source))


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
