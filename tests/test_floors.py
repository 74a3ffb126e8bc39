"""Modules import downwards only, load little, and stay small enough to read."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).parent.parent / "cleaner"
MODULES = {".".join(("cleaner", *p.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): p
           for p in sorted(PACKAGE.rglob("*.py*")) if p.suffix in (".py", ".pyi")}  # fmt: skip
"""What is compiled stands here by its stub."""

FLOORS = {
    "__main__": 10,
    "cli": 9,
    "training": 8, "": 8, "review": 8,
    "comparison": 7.6, "report": 7.55,
    "benchmarks": 7.5,
    "corpus": 7, "verification": 7, "integrations": 7, "evaluation": 7, "estimator": 7,
    "run": 6.5,
    "pipeline": 6,
    "labels": 5.5,
    "model_store": 5.2,
    "store": 5,
    "writers": 4, "classifier": 4, "promotions": 4,
    "segment_html": 3, "articles": 3, "features": 3, "metadata": 3,
    "readers": 2, "segment_text": 2, "seeds": 2, "policy": 2, "audit": 2, "weak": 2, "walk": 2,
    "verdicts": 1.5, "engines": 1.5,
    "records": 1, "sites": 1, "decoding": 1, "bylines": 1, "language": 1, "parallel": 1, "markup": 1, "visible": 1, "acting": 1, "json_lines": 1, "closed_toml": 1, "embedded": 1.5,
    "errors": 0,
}  # fmt: skip
"""By first name under `cleaner`; a sub-package has one floor, and "" is `cleaner/__init__.py`."""

RUNNABLE = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "joblib", "skops", "dill", "cloudpickle", "torch"}
"""Modules whose files can run code when they are read."""
HEAVY = {"sklearn", "scipy", "langdetect", "trafilatura", "lxml", "joblib", "skops", "dill", "cloudpickle", "torch", "pyarrow"}
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc"}
LONGEST_FILE = 320
"""About 300 lines: what is read in one sitting."""
MEDIAN_FUNCTION = 10


def top(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def imported(module: str, node: ast.AST) -> Iterator[str]:
    """Full names that an import statement may load: `from a import b` gives a.b where that is a module, else a."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
        above = package.split(".")[: len(package.split(".")) - (node.level - 1)] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            yield inner if inner in MODULES else base


def all_imports(module: str) -> set[str]:
    """Everything a module imports, inside functions and TYPE_CHECKING too."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return {name for node in ast.walk(tree) for name in imported(module, node)}


def own_imports(module: str) -> set[str]:
    return {name for name in all_imports(module) if name.partition(".")[0] == "cleaner" and name != module}


def test_every_module_has_a_floor_and_every_floor_a_module() -> None:
    """A new module cannot be merged without a floor, and a deleted one leaves none behind."""
    assert {top(module) for module in MODULES} == set(FLOORS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """A module can be understood from the floors below it and its siblings alone."""
    floor = FLOORS[top(module)]
    sideways = {
        name: FLOORS[top(name)]
        for name in own_imports(module)
        if FLOORS[top(name)] >= floor and not (top(name) == top(module) and top(name))
    }
    assert not sideways, f"{module} stands on floor {floor}"


def test_no_import_cycles() -> None:
    """No two modules need each other, siblings in a sub-package included."""
    order = list(TopologicalSorter({module: own_imports(module) for module in MODULES}).static_order())
    assert set(order) >= set(MODULES)


def test_own_imports_exist() -> None:
    """No import, lazy ones included, names a module of ours that is not there."""
    assert set().union(*map(own_imports, MODULES)) <= set(MODULES)


def test_no_vague_module_names() -> None:
    """A module is named by what it does."""
    assert not [m for m in MODULES if VAGUE & set(m.split("."))]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_reads_files_that_can_run(module: str) -> None:
    """No module imports pickle or a loader built on it: a model is data."""
    assert not {name.partition(".")[0] for name in all_imports(module)} & RUNNABLE


@pytest.mark.parametrize("module", MODULES)
def test_files_are_short(module: str) -> None:
    """Each file is read in one sitting."""
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{MODULES[module]} has {lines} lines"


def test_functions_are_short() -> None:
    """The median function fits in ten lines."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES.values()]
    sizes = [
        node.end_lineno - node.lineno + 1
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
    ]
    assert len(sizes) > 100
    assert median(sizes) <= MEDIAN_FUNCTION


def loaded_by(program: str) -> set[str]:
    """First names of the modules that a fresh interpreter has loaded after `program`; fails when it unpickles."""
    hook = "import sys; sys.addaudithook(lambda e, a: sys.exit(f'unpickled {a}') if e == 'pickle.find_class' else None)\n"
    tail = "\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", hook + program + tail]
    run = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_import_is_light() -> None:
    """`import cleaner`, as `cleaner --help` does, needs not even NumPy."""
    assert not loaded_by("import cleaner, cleaner.cli") & (HEAVY | {"numpy"})


def test_scoring_needs_numpy_alone() -> None:
    """Loading the shipped model and judging lines, texts and pages imports no scikit-learn, langdetect or trafilatura, and unpickles nothing."""
    program = (
        "from cleaner import Cleaner\n"
        "cleaner = Cleaner.load()\n"
        "lines = cleaner.clean_lines(['Accueil', 'Le pont rouvre lundi.']).paragraphs\n"
        "texts = [r.text for r in cleaner.clean_many(['Menu\\n\\nThe bridge opens on Monday.', ['one', 'two']])]\n"
        "page = cleaner.clean('<html><body><nav>Menu</nav><p>The bridge opens on Monday, said the mayor.</p></body></html>').text\n"
        "assert len(lines) == 2 and len(texts) == 2 and 'mayor' in page"
    )
    loaded = loaded_by(program)
    assert "numpy" in loaded
    assert not loaded & HEAVY
