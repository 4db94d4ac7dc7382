"""Who imports whom, and that a name has one meaning."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [path for folder in ("pneumonia", "demo", "scripts") for path in (ROOT / folder).rglob("*.py")]
WRITTEN = [*SOURCES, ROOT / "app.py", *(ROOT / "tests").rglob("*.py")]
SERVING = "import pneumonia.predictor, demo.layout, sys; print([m for m in sys.modules if m.split('.')[0] in {}])"


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
    allowed = {"demo": {"scripts"}, "scripts": {"gradio", "demo"}, "pneumonia": {"gradio", "demo", "scripts"}}
    assert not set(imports(path)) & allowed[place]
    if path.name in ("labels.py", "variants.py") and place == "pneumonia":
        assert "pneumonia" not in set(imports(path))


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("huggingface_hub", ["pneumonia/hub.py"]),
        ("kagglehub", ["pneumonia/kaggle.py"]),
        ("pyarrow", ["pneumonia/data/copies.py", "pneumonia/parts.py"]),
        ("ray", ["pneumonia/scale_out.py"]),
    ],
)
def test_few_modules_import_what_talks_to_others_or_is_an_extra(library, places):
    assert sorted(str(path.relative_to(ROOT)) for path in SOURCES if library in imports(path)) == places


def test_serving_never_imports_tensorflow():
    heavy = "('tensorflow', 'keras', 'sklearn', 'matplotlib', 'reportlab')"
    done = subprocess.run([sys.executable, "-c", SERVING.format(heavy)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr


def test_importing_the_library_imports_no_page():
    command = "import pneumonia, sys; assert 'gradio' not in sys.modules and 'demo' not in sys.modules"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True)
