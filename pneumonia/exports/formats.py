"""The table of forms a trained network can be written in; nothing here loads tensorflow."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pneumonia.errors import ExportError, UnknownNameError
from pneumonia.exports.comparison import Difference
from pneumonia.utils.packages import require_package

if TYPE_CHECKING:
    from pneumonia.exports.tflite import Precision

# Sums of a thousand products in another order: cells of a hundred logits differ in the fifth digit.
_SAME = Difference(probability=1e-4, mean_probability=1e-4, map=0.01)
_HALVED = Difference(probability=0.02, mean_probability=0.002, map=1.0)
# About three times what docs/exports.md shows: a radiograph near the threshold may move, most must stay where they are.
_WHOLE_NUMBERS = Difference(probability=0.25, mean_probability=0.02, map=20.0)


@dataclass(frozen=True)
class Format:
    """One form.

    Attributes:
        name: as commands call it.
        precision: of the parameters.
        allowed: how far probability and map may lie from the original's.
        suffix: that a file's name must end in, because its runtime goes by that.
        carries_map: whether the file gives the map beside the logit.
        modules: that it needs beside those of training.
    """

    name: str
    precision: "Precision" = "float32"
    allowed: Difference = _SAME
    suffix: str = ""
    carries_map: bool = True
    modules: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name, and the precision where it is not float32."""
        return self.name if self.precision == "float32" else f"{self.name} {self.precision}"

    def require_modules(self) -> None:
        """Make sure that what it needs is there, without importing it.

        Raises:
            MissingExtraError: if something is not installed.
        """
        for module in self.modules:
            require_package(module, f"Export to {self.name} needs {module}", self.name)

    def require_place(self, path: Path) -> None:
        """Make sure that it can be written there, and destroys nothing.

        Raises:
            ExportError: if something is there already, or if its runtime would not open a file of that name.
        """
        if path.exists() or path.is_symlink():
            raise ExportError(f"{path.name or path} exists and was left alone. Remove it, or choose another place.")
        if not path.name.endswith(self.suffix):
            raise ExportError(f"The name of a {self.name} file must end in {self.suffix}.")


FORMATS = (
    Format("keras", suffix=".keras", carries_map=False),
    Format("h5", suffix=".h5", carries_map=False),
    Format("saved_model"),
    Format("onnx", modules=("onnx", "onnxruntime", "tf2onnx")),
    Format("tflite"),
    Format("tflite", "float16", _HALVED),
    Format("tflite", "int8", _WHOLE_NUMBERS),
)
NAMES = tuple(dict.fromkeys(form.name for form in FORMATS))
PRECISIONS = tuple(dict.fromkeys(form.precision for form in FORMATS))


def get_format(name: str, precision: str = "float32") -> Format:
    """Look a form up.

    Raises:
        UnknownNameError: if there is no form of that name.
        ExportError: if it is not written in that precision.
    """
    if name not in NAMES:
        raise UnknownNameError(f"There is no form of export {name!r}; choose one of {', '.join(NAMES)}.")
    for form in FORMATS:
        if (form.name, form.precision) == (name, precision):
            return form
    raise ExportError(f"Only tflite is written in {precision}; {name} is float32.")
