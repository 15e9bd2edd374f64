"""The house: public names exist, imports go one way, nothing private crosses modules."""

import ast
import importlib
import inspect
import operator
import pkgutil
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Protocol

import pytest

import driftlib

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(driftlib.__path__, "driftlib.")
    if not module.name.endswith("__main__")
)
CHECKS = {"PR01", "PR02", "RT01", "RT02", "GL08"}


def test_every_public_name_is_there():
    for name in driftlib.__all__:
        assert getattr(driftlib, name).__module__.startswith("driftlib.")
    names: dict[str, object] = {}
    exec("from driftlib import *", names)
    assert set(driftlib.__all__) <= names.keys()
    public = {name for name in dir(driftlib) if not name.startswith("_")}
    packages = {module.split(".")[1] for module in MODULES}
    assert public - packages == set(driftlib.__all__)


def test_the_table_of_names_and_what_type_checkers_see_are_one():
    tree = ast.parse((ROOT / "driftlib/__init__.py").read_text())
    seen = {
        (alias.name, node.module.removeprefix("driftlib."))
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert seen == set(driftlib._HOME.items())


def test_imports_keep_the_contract():
    pytest.importorskip("importlinter")
    command = "from importlinter.cli import lint_imports_command as c; c()"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_turned_arrow_breaks_the_contract(tmp_path):
    pytest.importorskip("importlinter")
    (tmp_path / "house" / "stats").mkdir(parents=True)
    (tmp_path / "house" / "drift").mkdir()
    (tmp_path / "house/__init__.py").touch()
    (tmp_path / "house/drift/__init__.py").write_text("import house.stats\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "house"\n'
        '[[tool.importlinter.contracts]]\nname = "order"\ntype = "layers"\n'
        'containers = ["house"]\nlayers = ["drift", "stats"]\n'
    )
    codes = []
    for back in ("", "import house.drift\n"):
        (tmp_path / "house/stats/__init__.py").write_text(back)
        command = "from importlinter.cli import lint_imports_command as c; c()"
        done = subprocess.run(
            [sys.executable, "-c", command, "--no-cache"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path), "PATH": ""},
            capture_output=True,
            check=False,
        )
        codes.append(done.returncode)
    assert codes == [0, 1]


def test_nothing_private_is_taken_across_modules():
    taken = []
    for path in [*ROOT.glob("driftlib/**/*.py"), ROOT / "app.py", ROOT / "streamlit_app.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            if "driftlib" in (getattr(node, "module", None) or alias.name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("driftlib"):
                names = [alias.name for alias in node.names if alias.name.startswith("_")]
                taken += [f"{path.relative_to(ROOT)}: {node.module}.{name}" for name in names]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                private = node.attr.startswith("_") and not node.attr.endswith("__")
                if private and node.value.id in modules:
                    taken.append(f"{path.relative_to(ROOT)}: {node.value.id}.{node.attr}")
    assert taken == []


def _documented(module_name: str) -> list[str]:
    """Dotted names of a module's own public functions, classes and methods."""
    module = importlib.import_module(module_name)
    names = []
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module_name:
            continue
        if inspect.isfunction(value) or inspect.isclass(value):
            names.append(f"{module_name}.{name}")
        if inspect.isclass(value):
            names += [
                f"{module_name}.{name}.{inner}"
                for inner, method in vars(value).items()
                if not inner.startswith("_") and inspect.isfunction(inspect.unwrap(method))
            ]
    return names


def _is_not_called(name: str) -> bool:
    """Whether it is an enumeration or a protocol, whose signature no reader needs."""
    module, _, inner = name.rpartition(".")
    value = getattr(sys.modules.get(module), inner, None)
    return inspect.isclass(value) and (issubclass(value, Enum) or Protocol in value.__bases__)


# What every function of the library that reads data takes, with these defaults.
COMMON = {
    "features": None,
    "exclude": (),
    "categorical": (),
    "timestamp": None,
    "time_format": None,
    "y_true": "y_true",
    "y_pred": "y_pred",
    "y_proba": "y_proba",
    "positive": None,
    "unit": "auto",
}
WINDOWS = {"window": None, "step": None, "on": None, "by": None}


@pytest.mark.parametrize(
    "name",
    [
        *("Baseline.fit", "as_baseline", "detect_drift", "drift_trend", "track_performance"),
        *("estimate_performance", "diagnose", "diagnose_windows", "fit_domain"),
    ],
)
def test_common_keywords_are_in_every_signature(name):
    function = operator.attrgetter(name)(driftlib)
    found = {name: p.default for name, p in inspect.signature(function).parameters.items()}
    assert {name: found.get(name, "absent") for name in COMMON} == COMMON
    if "window" in found:
        assert {name: found.get(name, "absent") for name in WINDOWS} == WINDOWS
    assert found.get("season") is None


@pytest.mark.parametrize("module", MODULES)
def test_public_docstrings_say_what_goes_in_and_comes_out(module):
    validate = pytest.importorskip("numpydoc.validate").validate
    faults = []
    for name in _documented(module):
        found = validate(name)["errors"]
        if _is_not_called(name):
            found = [(code, text) for code, text in found if code != "PR01"]
        faults += [f"{name}: {code} {text}" for code, text in found if code in CHECKS]
    assert faults == []
