"""Who imports whom, and that a name has one meaning."""

import ast
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import version

import pytest

from pneumonia import errors
from pneumonia.errors import PneumoniaError
from scripts import ROOT

SOURCES = [path for folder in ("pneumonia", "demo", "scripts") for path in (ROOT / folder).rglob("*.py")]
LIBRARY = [path for path in SOURCES if path.is_relative_to(ROOT / "pneumonia")]
WRITTEN = [*SOURCES, ROOT / "app.py", *(ROOT / "tests").rglob("*.py")]
# What others do to the process when they are imported is theirs: they are imported first.
LEFT_ALONE = """
import logging, os, signal, socket, threading, warnings
import ai_edge_litert.interpreter, cv2, filelock, numpy, pydicom.pixels, scipy.optimize, scipy.special, scipy.sparse
import PIL.Image, PIL.ImageFile, PIL.PngImagePlugin

def state():
    syntaxes = pydicom.uid.JPEGTransferSyntaxes + pydicom.uid.JPEGLSTransferSyntaxes
    plugins = [pydicom.pixels.get_decoder(syntax).available_plugins for syntax in syntaxes]
    return {
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "threads": threading.enumerate(),
        "log": (logging.getLogger().handlers[:], logging.getLogger().level, logging.getLogger("pydicom").level),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "waiting": socket.getdefaulttimeout(),
        "pillow": (PIL.Image.core.get_block_size(), PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES),
        "pydicom": (pydicom.config.settings.reading_validation_mode, plugins),
        "numpy": numpy.geterr(),
        "cores": cv2.getNumThreads(),
    }

before = state()
import pneumonia.batch.part_files, pneumonia.batch.ray, pneumonia.calibration.recalibrate, pneumonia.imaging.dicom
import pneumonia.inference.predictor, pneumonia.records.verify, pneumonia.weights.hub
after = state()
print([what for what in before if before[what] != after[what]])
"""


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def bound(block):
    """The names that the statements of a module or class bind, as often as they do."""
    for statement in block.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in statement.names)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            nodes = (node for target in targets for node in ast.walk(target))
            yield from (node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def test_no_name_is_given_twice_in_a_module_or_a_class():
    """Of a constant no linter says it: what was given first is silently something else."""
    twice = []
    for path in WRITTEN:
        for block in ast.walk(ast.parse(path.read_text())):
            if isinstance(block, ast.Module | ast.ClassDef):
                twice += [(str(path), name) for name, times in Counter(bound(block)).items() if times > 1]
    assert twice == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_the_direction(path):
    place = path.relative_to(ROOT).parts[0]
    shut = {"demo": {"scripts"}, "scripts": {"gradio", "demo"}, "pneumonia": {"gradio", "demo", "scripts"}}
    assert not set(imports(path)) & {*shut[place], "tests"}


def test_no_package_has_more_modules_than_one_can_see_at_once():
    """Circles and imports upward are found by make lint."""
    modules = Counter(path.parent for path in LIBRARY if path.name not in ("__init__.py", "__main__.py"))
    most = {folder: 5 if folder == ROOT / "pneumonia" else 14 for folder in modules}
    assert {str(folder): number for folder, number in modules.items() if number > most[folder]} == {}


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_there_is_and_does_nothing(path):
    """No statement of a module changes what is not its own: no call, no loop, no value of an object or a mapping."""
    said = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    for statement in ast.parse(path.read_text()).body:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                continue
            case ast.Assign(targets=targets):
                assert all(isinstance(target, ast.Name | ast.Tuple) for target in targets), ast.unparse(statement)
            case ast.AnnAssign(target=target):
                assert isinstance(target, ast.Name), ast.unparse(statement)
            case _:
                assert isinstance(statement, said), ast.unparse(statement)


def test_each_kind_of_failure_has_a_code_of_its_own():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PneumoniaError)]
    codes = [vars(kind)["code"] for kind in kinds]
    assert len(set(codes)) == len(codes) and all(re.fullmatch("[a-z]+(-[a-z]+)*", code) for code in codes)


def test_importing_the_library_leaves_the_process_as_it_was():
    done = subprocess.run([sys.executable, "-c", LEFT_ALONE], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("dicomweb_client", ["pneumonia/node/archives.py"]),
        (
            "highdicom",
            [
                f"pneumonia/dicom_out/{name}.py"
                for name in ("encapsulated_pdf", "presentation_state", "report", "secondary_capture", "segmentation")
            ],
        ),
        ("huggingface_hub", ["pneumonia/publishing/hub_upload.py", "pneumonia/weights/hub.py"]),
        ("kagglehub", ["pneumonia/data/sources/kaggle.py"]),
        ("pynetdicom", ["pneumonia/node/archives.py", "pneumonia/node/receiver.py"]),
        ("pyarrow", ["pneumonia/batch/part_files.py", "pneumonia/data/sources/readers.py"]),
        ("ray", ["pneumonia/batch/ray.py"]),
    ],
)
def test_few_modules_import_what_talks_to_others_or_is_an_extra(library, places):
    assert sorted(str(path.relative_to(ROOT)) for path in SOURCES if library in imports(path)) == places


def test_importing_the_library_imports_no_page():
    command = "import pneumonia, sys; assert 'gradio' not in sys.modules and 'demo' not in sys.modules"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True)


def test_one_file_uses_what_gradio_does_not_promise_and_names_its_version():
    internals = ROOT / "demo" / "server" / "gradio_internals.py"
    promised = ("gradio.components", "gradio.events")
    for path in (ROOT / "demo").rglob("*.py"):
        modules = {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
        reached = {name for name in modules if name and name.startswith("gradio") and name not in promised}
        assert not reached or path == internals, (path, reached)
    assert f"Gradio {version('gradio')}." in internals.read_text()
