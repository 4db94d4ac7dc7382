"""From the bytes of an image to the files of its objects."""

from collections.abc import Callable
from importlib import import_module

from pneumonia.dicom_out.objects import make_objects, require_dicom_extra, to_file
from pneumonia.errors import DicomOutputError, UnsupportedImageError
from pneumonia.inference.predictor import Predictor


def reader_of(
    predictor: Predictor, operating_point: str, population: str | None
) -> Callable[[bytes], dict[str, bytes]]:
    """A function that reads an image and makes the objects of the reading.

    Args:
        predictor: reads.
        operating_point: its name.
        population: of patients whose header tells no age; None where the picture tells.
    """

    require_dicom_extra()
    # It takes a second, which the first image would wait for.
    import_module("pneumonia.dicom_out.encapsulated_pdf")

    def read(image: bytes) -> dict[str, bytes]:
        prediction = predictor.predict(image, operating_point, population)
        if prediction.error:
            raise UnsupportedImageError(prediction.error)
        try:
            objects = make_objects(image, prediction, predictor)
        except DicomOutputError as error:
            raise UnsupportedImageError(str(error)) from None
        return {kind: to_file(dataset) for kind, dataset in objects.items()}

    return read


def name_of_reader(predictor: Predictor, operating_point: str, population: str | None) -> str:
    """What distinguishes readings of the same image."""
    return f"{predictor.weights_sha256} {operating_point} {population}"
