"""Cost of the DICOM objects of a reading, and what a validator says of them.

Needs dciodvfy, of Debian's package dicom3tools.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydicom.uid import generate_uid

from pneumonia.cli.arguments import positive
from pneumonia.dicom_out.objects import OBJECTS, make_object, make_objects, open_reading, to_files
from pneumonia.errors import MissingExtraError
from pneumonia.imaging.decode import decode
from pneumonia.inference.predictor import load_predictor
from pneumonia.utils.markdown import command_block, table
from pneumonia.utils.packages import install_command
from scripts.studies import timing
from scripts.studies.documents import measured_spread, opening, section
from scripts.studies.reliability.synthetic_images import EXAMPLE, dicom_bytes
from scripts.studies.study import Measurement, Study

VALIDATOR = "dciodvfy"
# Sides of the images in pixels: of a small one, and of what a detector of 43 cm and 0.14 mm gives.
_SIDES = (1024, 3072)
_WHOLE = "all"
_KINDS = {
    "secondary-capture": "Secondary Capture: picture with overlay, legend, finding and notice",
    "report": "Comprehensive SR by TID 1500: finding, probability, threshold, algorithm, regions",
    "map": "Segmentation, fractional: the heatmap in the image's geometry",
    "presentation-state": "Softcopy Presentation State: contour and text over the image",
    "pdf": "Encapsulated PDF: the reading on a page",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=positive, default=9, help="how often each is made (default: %(default)s)")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the objects of a synthetic radiograph in two sizes, validate and time them.

    Raises:
        MissingExtraError: the validator or a package is not installed.
    """
    if shutil.which(VALIDATOR) is None:
        raise MissingExtraError(f"{VALIDATOR} is not installed; it is part of Debian's package dicom3tools.")
    timing.keep_to_cores(2)
    predictor = load_predictor()
    sizes = {}
    for side in _SIDES:
        data = example(side)
        prediction = predictor.predict(data)
        files = to_files(make_objects(data, prediction, predictor))

        def make(name: str, data=data, prediction=prediction) -> object:
            # From the start, so that none has from another what both need.
            return make_object(name, open_reading(data, prediction, predictor))

        ways = {name: lambda name=name, make=make: make(name) for name in OBJECTS}
        ways[_WHOLE] = lambda data=data, prediction=prediction: make_objects(data, prediction, predictor)
        ways["decode"] = lambda data=data: decode(data)
        ways["read"] = lambda data=data: predictor.predict(data)
        timed = timing.in_turn(ways, arguments.rounds)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "object.dcm"
            found = {}
            for name, contents in zip(OBJECTS, files.values(), strict=True):
                path.write_bytes(contents)
                errors, warnings = verdict(path)
                found[name] = {"bytes": len(contents), "errors": len(errors), "warnings": len(warnings)}
        sizes[str(side)] = {
            "objects": found,
            "seconds": {name: timing.spread(values) for name, values in timed.items()},
            "to_reading": timing.ratios(timed, _WHOLE, "read"),
        }
    return {"rounds": arguments.rounds, "processor": timing.processor(), "sizes": sizes}


def example(side: int) -> bytes:
    """A synthetic radiograph of so many pixels a side, of 12 bits, as the DICOM file of a study."""
    pixels = cv2.resize(decode(EXAMPLE).pixels, (side, side), interpolation=cv2.INTER_CUBIC)
    stored = np.rint(4095 * np.clip(pixels, 0, 1)).astype(np.uint16)
    uids = {name: generate_uid(entropy_srcs=["example", name]) for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    study = {"StudyDate": "20260102", "StudyTime": "101112", "StudyID": "1", "AccessionNumber": "1", "PatientSex": "O"}
    others = {"ReferringPhysicianName": "ROE^RICHARD", "ViewPosition": "PA", "BodyPartExamined": "CHEST"}
    return dicom_bytes(stored, BitsStored=12, **uids, **study, **others)


def verdict(path: Path) -> tuple[list[str], list[str]]:
    """What the validator says of a file: errors, and warnings."""
    done = subprocess.run([VALIDATOR, str(path)], capture_output=True, text=True, timeout=60)
    lines = done.stderr.splitlines() + done.stdout.splitlines()
    return tuple([line for line in lines if line.startswith(kind)] for kind in ("Error", "Warning"))


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/dicom.md."""
    title = "DICOM objects of a reading"
    said = "The images are synthetic. Where times lie far apart, the machine was busy with other work too."
    return "\n".join((opening(title, "dicom", said), _use(), _objects(figures), _identity(), _validators()))


def _use() -> str:
    return section(
        "How to make them",
        command_block(f"{install_command('dicom')}\npython scripts/predict.py chest.dcm --dicom objects"),
        "For each DICOM file that is read, the command writes five files to the folder. Their names are the kind of "
        "the object and its identifier, and hold nothing of the patient. Of a picture that is no DICOM file there are "
        "none, as it belongs to no study: the command says so and ends with status 1. On the Read tab of the page, a "
        "button gives the same as a ZIP archive. In Python:",
        "```\nfrom pneumonia.dicom_out.objects import make_objects, write_objects\n\n"
        'prediction = predictor.predict("chest.dcm")\n'
        'write_objects(make_objects("chest.dcm", prediction, predictor), Path("objects"))\n```',
        "Every object says that this is a research demonstration and not a medical device, names the network with its "
        "version and the hash of its weights, and lies in the study of the image in a series of its own. Its "
        "identifiers follow from the image's, the weights, the program's version, the operating point with its "
        "threshold, the population and the calibration: the same image read twice gives the same, and an archive "
        "keeps one copy. None of the objects is read as a radiograph again.",
    )


def _objects(figures: dict[str, Any]) -> str:
    parts = []
    for side, found in figures["sizes"].items():
        rows = [
            [
                name,
                _KINDS[name],
                f"{values['errors']}",
                f"{values['warnings']}",
                f"{values['bytes'] / 1e3:,.0f}",
                measured_spread(found["seconds"][name]),
            ]
            for name, values in found["objects"].items()
        ]
        whole, reading = (measured_spread(found["seconds"][name]) for name in (_WHOLE, "read"))
        parts += [
            f"Of an image of {side} x {side} pixels. All five together take {whole} s, beside {reading} s for the "
            f"reading: {measured_spread(found['to_reading'])} times as long.",
            table(["object", "holds", "errors", "warnings", "kB", "seconds"], rows),
        ]
    return section(
        "What they cost",
        f"Times are those of one object by itself, with decoding the image, after a first round that loads packages: "
        f"the median of {figures['rounds']} rounds, with the least and the greatest in brackets, on two cores of "
        f"{figures['processor']}. What objects share, such as the decoded image, is made once for all five.",
        *parts,
        f"Errors and warnings are those of {VALIDATOR}. The warnings are all of one kind: codes of this project's own, "
        "99PNEUMONIA, for what the standard has no code for, such as the operating point.",
        "A pixel of the map is one of the image. 0 is no evidence for pneumonia and 255 is what the colours of the "
        "overlay end at, 40 logits or more; the fractions are no probabilities. A parametric map could hold logits as "
        "they are, but lies in a frame of reference, which radiographs do not have.",
        command_block(figures["command"]),
    )


def _identity() -> str:
    return section(
        "What of the patient is in them",
        "What the standard requires of all objects of a study, as it stands in the image, and nothing else: name, "
        "identifier, birth date and sex of the patient; date, time, accession number, referring physician and both "
        "identifiers of the study; the character set of these; and the identifiers of the image and its series, by "
        "which objects refer to it. Institution, operators, descriptions, comments and private elements are not read. "
        "No log, file name or JSON holds any of it. The picture itself is in the secondary capture and in the PDF, "
        "with what is written on it: both say that it may identify the patient unless the image's header denies it.",
    )


def _validators() -> str:
    return section(
        "What was tried",
        f"`tests/system/test_dicom_objects.py` has every object of several kinds of images judged by {VALIDATOR} "
        "(dicom3tools), opened by dcmtk (dcmdump, dsrdump, dcmj2pnm, dcmdjpls, dcmp2pgm), kept by Orthanc and shown in "
        "its preview; `tests/unit/dicom_out/` reads them with highdicom and pydicom. Pictures and maps are compared "
        "pixel for pixel, figures value for value. dicom-validator of PyPI is not used: it loads the standard over the "
        "network when it first runs.",
    )


STUDY = Study("dicom", __doc__, Measurement(add_options, measure), render)

if __name__ == "__main__":
    STUDY.run()
