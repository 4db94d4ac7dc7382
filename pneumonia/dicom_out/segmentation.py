"""The heatmap in the image's own geometry, as a fractional segmentation (PS3.3 A.51).

A radiograph has no frame of reference. A segmentation needs none: each of its pixels is one of the image that it names.
A parametric map could hold logits as they are, but lies in a frame of reference.
"""

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import JPEGLSLossless

from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.reading import MANUFACTURER, Reading
from pneumonia.dicom_out.report import concept


def make(reading: Reading) -> Dataset:
    """Make the object.

    As in the overlay, 0 is no evidence for pneumonia, and 255 is `heatmap_scale` logits or more. The fractions say how
    much of that scale a pixel reaches: they are no probabilities.
    """
    scale = reading.predictor.heatmap_scale
    prediction = reading.prediction
    dataset = Segmentation(
        source_images=[reading.source.reference],
        pixel_array=np.clip(reading.heatmap / scale, 0, 1).astype(np.float32),
        segmentation_type="FRACTIONAL",
        fractional_type="OCCUPANCY",
        segment_descriptions=[
            SegmentDescription(
                segment_number=1,
                segment_label="Evidence for pneumonia",
                segmented_property_category=codes.SCT.SpatialAndRelationalConcept,
                segmented_property_type=concept("EVIDENCE"),
                algorithm_type="AUTOMATIC",
                algorithm_identification=AlgorithmIdentificationSequence(
                    name=prediction.variant,
                    family=codes.DCM.ArtificialIntelligence,
                    version=reading.predictor.version,
                    source=MANUFACTURER,
                    parameters={"weights_sha256": prediction.weights_sha256, "logits_at_255": f"{scale:g}"},
                ),
            )
        ],
        omit_empty_frames=False,
        transfer_syntax_uid=JPEGLSLossless,
        content_label="EVIDENCE",
        content_description=NOTICE,
        **reading.identification(2, "Map"),
    )
    dataset.BodyPartExamined = "CHEST"
    dataset.PatientOrientation = None
    return dataset
