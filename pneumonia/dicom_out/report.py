"""The reading as a structured report by TID 1500 (PS3.16), with its own words where the standard has none."""

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes

from pneumonia._version import __version__
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.notices import INTENDED_USE, NOTICE
from pneumonia.core.operating_points import CUSTOM, OPERATING_POINTS
from pneumonia.core.populations import POPULATIONS
from pneumonia.dicom_out.reading import MANUFACTURER, Reading

_CHEST_XRAY = CodedConcept("399208008", "SCT", "Plain X-ray of chest")
_PNEUMONIA = CodedConcept("233604007", "SCT", "Pneumonia")
_SCHEME = "99PNEUMONIA"
_UNKNOWN = "unknown"
# Meanings of the codes of that scheme.
_MEANINGS = {
    "THRESHOLD": "Probability from which pneumonia is called",
    "OPERATING_POINT": "Operating point",
    "POPULATION": "Population that it was read as of",
    "EVIDENCE": "Evidence for pneumonia",
    NORMAL: "No sign of pneumonia above the threshold",
    UNCERTAIN: "Too close to the threshold to call",
    **{name: f"Operating point {name}" for name in (*OPERATING_POINTS, CUSTOM)},
    **{name: f"Population: {name}" for name in (*POPULATIONS, _UNKNOWN)},
}


def concept(name: str) -> CodedConcept:
    """A concept of this project, by its code."""
    return CodedConcept(name, _SCHEME, _MEANINGS[name])


def make(reading: Reading) -> Dataset:
    """Make the object."""
    reference = reading.source.reference
    report = MeasurementReport(
        observation_context=ObservationContext(ObserverContext(codes.DCM.Device, _device(reading))),
        procedure_reported=_CHEST_XRAY,
        imaging_measurements=[_judgement(reading), *_regions(reading)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    for text in (NOTICE, INTENDED_USE, *reading.warnings):
        report[0].ContentSequence.append(TextContentItem(codes.DCM.Comment, text, RelationshipTypeValues.CONTAINS))
    return ComprehensiveSR(
        evidence=[reference],
        content=report,
        is_complete=True,
        coding_schemes=[CodingSchemeIdentificationItem(_SCHEME, name="Concepts of the software pneumonia")],
        **reading.identification(1, "Report"),
    )


def _device(reading: Reading) -> DeviceObserverIdentifyingAttributes:
    return DeviceObserverIdentifyingAttributes(
        uid=reading.uid("device"),
        name=f"pneumonia {__version__}",
        manufacturer_name=MANUFACTURER,
        model_name=reading.prediction.variant,
        serial_number=reading.prediction.weights_sha256,
    )


def _algorithm(reading: Reading) -> AlgorithmIdentification:
    prediction = reading.prediction
    site = prediction.calibration.label if prediction.calibration else "as published"
    return AlgorithmIdentification(
        name=prediction.variant,
        version=reading.predictor.version,
        manufacturer=MANUFACTURER,
        parameters=[f"weights_sha256={prediction.weights_sha256}", f"calibration={site}", f"program={__version__}"],
    )


def _judgement(reading: Reading) -> MeasurementsAndQualitativeEvaluations:
    """The finding, and what it was judged by, about the whole image."""
    prediction = reading.prediction
    finding = _PNEUMONIA if reading.finding == PNEUMONIA else concept(reading.finding)
    evaluations = (
        (concept("OPERATING_POINT"), concept(prediction.operating_point)),
        (concept("POPULATION"), concept(prediction.population or _UNKNOWN)),
    )
    measurements = ((codes.DCM.Probability, reading.probability), (concept("THRESHOLD"), prediction.threshold))
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(reading.uid("judgement"), "Reading"),
        finding_type=finding,
        algorithm_id=_algorithm(reading),
        measurements=[Measurement(name, value, codes.UCUM.NoUnits) for name, value in measurements],
        qualitative_evaluations=[QualitativeEvaluation(name, value) for name, value in evaluations],
        source_images=[SourceImageForMeasurementGroup.from_source_image(reading.source.reference)],
    )


def _regions(reading: Reading) -> list[PlanarROIMeasurementsAndQualitativeEvaluations]:
    """Lines around the evidence, which say where it lies and nothing of disease."""
    image = SourceImageForRegion.from_source_image(reading.source.reference)
    return [
        PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(reading.uid("region", str(number)), f"Region {number}"),
            referenced_region=ImageRegion("POLYLINE", contour, image),
            finding_type=concept("EVIDENCE"),
            algorithm_id=_algorithm(reading),
        )
        for number, contour in enumerate(reading.contours, start=1)
    ]
