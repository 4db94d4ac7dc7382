"""Make the synthetic examples of the page: sharpened averages of many aligned training radiographs.

Each is the mean of sixteen radiographs of sixteen patients of one class, aligned to the first of them. Kept are
averages that are warned of nothing: some that every published variant reads as their class, one that is too close to
call for the default one, and one of the first again on its side, which is refused.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pneumonia.cli.data_folders import require_outside
from pneumonia.cli.exit_codes import DONE, run_command
from pneumonia.core.labels import CLASS_NAMES, UNCERTAIN
from pneumonia.data.manifest import Record, read_training_folder
from pneumonia.data.pipeline import ImageSet, load_images
from pneumonia.errors import DataError
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.predictor import Predictor, load_predictor
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from scripts import ROOT

PATIENTS = 16
EXAMPLES_PER_CLASS = 3
CLOSE, REFUSED = "synthetic-too-close-to-call", "synthetic-refused"
SIZE = 512
STAMP = "SYNTHETIC"
SEED = 0
# Thumbnails of this side are compared to find radiographs that are alike enough to be averaged.
_THUMBNAIL = 32
# Iterations and precision of the alignment.
_ECC = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
_SOURCES = Path("SOURCES.md")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the training images: folder with train/ in it")
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "examples")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    require_outside(arguments.data, arguments.output)
    preprocessor = Preprocessor(Preprocessing())
    predictors = [load_predictor(name) for name in PUBLISHED]
    records = read_training_folder(arguments.data).records
    arguments.output.mkdir(parents=True, exist_ok=True)
    lines = []
    made: dict[str, tuple[str, np.ndarray]] = {}
    for label, class_name in enumerate(CLASS_NAMES):
        images = load_images(_one_per_patient(records, label), preprocessor)
        pictures, close = _examples(images, class_name, predictors)
        for number, picture in enumerate(pictures, start=1):
            made[f"synthetic-{class_name.lower()}-{number}"] = (class_name, picture)
        made.setdefault(CLOSE, (class_name, close))
    first = next(iter(made.values()))[1]
    made[REFUSED] = (f"{CLASS_NAMES[0]}, on its side", np.rot90(first))
    for name, (class_name, picture) in sorted(made.items()):
        Image.fromarray(_stamped(picture)).save(arguments.output / f"{name}.png", optimize=True)
        lines.append(f"| `{name}.png` | {class_name} | mean of {PATIENTS} radiographs of {PATIENTS} patients |")
        print(name)
    (arguments.output / _SOURCES).write_text(_sources(lines))
    return DONE


def _one_per_patient(records: list[Record], label: int) -> list[Record]:
    first = {}
    for record in records:
        if record.label == label:
            first.setdefault(record.patient, record)
    return list(first.values())


def _examples(images: ImageSet, class_name: str, predictors: list[Predictor]) -> tuple[list[np.ndarray], np.ndarray]:
    """The first averages, in a random order of their centres, that all variants read as their class.

    With them comes the first that is too close to call for the default variant.
    """
    squares = np.stack([Preprocessing().apply(square) for square in images.squares])
    thumbnails = np.stack([cv2.resize(s, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA) for s in squares])
    vectors = thumbnails.reshape(len(thumbnails), -1)
    vectors = vectors - vectors.mean(1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    averages: list[np.ndarray] = []
    close: list[np.ndarray] = []
    used: set[int] = set()
    for centre in np.random.default_rng(SEED).permutation(len(squares)):
        nearest = np.argsort(-vectors @ vectors[centre])[:PATIENTS]
        if used & set(nearest):
            continue
        picture = _average(squares[nearest])
        readings = {p.variant: p.predict(_stamped(picture)) for p in predictors}
        if any(check.status != "ok" for reading in readings.values() for check in reading.checks):
            continue
        is_of_class = all(reading.finding == class_name for reading in readings.values())
        if is_of_class and len(averages) < EXAMPLES_PER_CLASS:
            averages.append(picture)
            used |= set(nearest)
        elif readings[DEFAULT].finding == UNCERTAIN and not close:
            close.append(picture)
            used |= set(nearest)
        if len(averages) == EXAMPLES_PER_CLASS and close:
            return averages, close[0]
    raise DataError(
        f"Fewer than {EXAMPLES_PER_CLASS} averages of class {class_name} are read as it, or none is too close to call."
    )


def _average(squares: np.ndarray) -> np.ndarray:
    """Align to the first, average with equal weights, sharpen, enlarge: uint8 (SIZE, SIZE)."""
    reference = squares[0]
    aligned = [reference]
    for square in squares[1:]:
        warp = np.eye(2, 3, dtype=np.float32)
        try:
            _, warp = cv2.findTransformECC(reference, square, warp, cv2.MOTION_AFFINE, _ECC)
        except cv2.error:
            # No convergence: the radiograph goes in as it lies.
            warp = np.eye(2, 3, dtype=np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        aligned.append(cv2.warpAffine(square, warp, reference.shape, flags=flags, borderMode=cv2.BORDER_REPLICATE))
    mean = np.mean(aligned, axis=0, dtype=np.float32)
    enlarged = cv2.resize(mean, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    # Averaging blurs ribs and vessels; two unsharp masks, one fine and one coarse, bring their contrast back.
    for sigma, amount in ((3.0, 1.2), (12.0, 0.6)):
        enlarged = enlarged + amount * (enlarged - cv2.GaussianBlur(enlarged, (0, 0), sigma))
    low, high = np.percentile(enlarged, (0.5, 99.5))
    return np.rint(np.clip((enlarged - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _stamped(picture: np.ndarray) -> np.ndarray:
    """Write on uint8 (SIZE, SIZE) what it is."""
    picture = picture.copy()
    # White on a dark edge, so that it can be read on air and on bone; letter below letter, as a row of them is a word
    # that the page would warn of.
    for place, letter in enumerate(STAMP):
        at = (8, SIZE - 14 - 18 * (len(STAMP) - 1 - place))
        for grey, width in ((0, 4), (255, 1)):
            cv2.putText(picture, letter, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, grey, width, cv2.LINE_AA)
    return picture


def _sources(lines: list[str]) -> str:
    table = "\n".join(lines)
    return f"""# Synthetic examples

No image here is of a patient. Each is an average made by `scripts/tools/make_examples.py`:

```
python -m scripts.tools.make_examples --data $PNEUMONIA_DATA/chest_xray
```

Recipe: take one radiograph of a class at random (seed {SEED}) and the {PATIENTS - 1} of other patients most like it;
align them to it by an affine transform (enhanced correlation coefficient); average all {PATIENTS} with equal weights;
sharpen; enlarge to {SIZE} x {SIZE} pixels; write {STAMP} on it. An average is kept if it is warned of nothing and
every published variant reads it as its class; one is kept because {DEFAULT} finds it too close to call
at the balanced point; and the first is there again on its side, to be refused. So these examples show what the page
looks like and say nothing about how well a variant reads.

| file | class | made from |
| --- | --- | --- |
{table}

Made from "Chest X-Ray Images (Pneumonia)", Kermany, Zhang and Goldbaum 2018, doi 10.17632/rscbjbr9sj, CC BY 4.0.
"""


if __name__ == "__main__":
    run_command(main)
