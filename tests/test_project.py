"""The project's own promises: dependencies, locks, make targets, what is in git, import cost."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {"requirements.lock": {"scale", "mlflow"}, "requirements-scale.lock": {"mlflow"}}
DOCS_LOCK, DOCS_EXTRAS = "requirements-docs.lock", {"notebooks", "alerts", "history", "sql"}
ALL_LOCKS = [*LOCKS, DOCS_LOCK]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
TARGETS = {
    *("help", "report", "test", "test-newest", "test-lowest", "test-scale", "test-postgres", "lab"),
    *("demo", "app", "docs", "lint", "bench", "lock", "clean"),
}
FIXED = {
    *("notebooks", "driftlib", "data", "reports", "tests", "environment.yml", "Makefile"),
    *(
        "README.md",
        "CONTRIBUTING.md",
        "app.py",
        "streamlit_app.py",
        "pyproject.toml",
        "requirements.lock",
    ),
    *("requirements-scale.lock", "requirements-docs.lock", "docs"),
    *("LICENSE", "CHANGELOG.md", ".ci"),
}
ALSO = {"bench", ".gitignore", ".gitattributes", ".streamlit"}
HEAVY = {
    *("sklearn", "plotly", "evidently", "scipy.stats", "ipywidgets", "IPython", "papermill"),
    *("nbconvert", "streamlit", "polars", "dask", "pyspark", "apprise", "yaml", "sqlalchemy"),
}


def declared(without: set[str]) -> dict[str, Requirement]:
    """Every requirement of the project and its extras, ranges for one name put together."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = list(PROJECT["project"]["dependencies"])
    lines += [line for extra, listed in extras.items() if extra not in without for line in listed]
    merged: dict[str, Requirement] = {}
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        if name == PROJECT["project"]["name"]:
            assert requirement.extras <= set(extras)
        elif name in merged:
            merged[name].specifier &= requirement.specifier
        else:
            merged[name] = requirement
    return merged


def pins(lock: str) -> list[Requirement]:
    lines = (ROOT / lock).read_text().splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if not line.startswith(" ")]


def git(*arguments: str) -> list[str]:
    """The lines that git prints about this working tree."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


# Dependencies


def test_environment_yml_has_the_ranges_of_pyproject():
    conda_only = {"python", "pip"}
    renamed = {"playwright-python": "playwright", "jupyter_client": "jupyter-client"}
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    lines = [line for line in environment["dependencies"] if isinstance(line, str)]
    (pip,) = (line["pip"] for line in environment["dependencies"] if isinstance(line, dict))
    assert pip[-1] == "--editable ."
    found = {requirement.name: requirement for requirement in map(Requirement, lines + pip[:-1])}
    python = found["python"].specifier
    assert python == Requirement(f"python{PROJECT['project']['requires-python']}").specifier
    ranges = {renamed.get(n, n): r.specifier for n, r in found.items() if n not in conda_only}
    expected = {name: r.specifier for name, r in declared(without={"scale", "mlflow"}).items()}
    assert ranges == expected


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_lock_has_nothing_but_pins_each_with_its_hashes(lock):
    text = (ROOT / lock).read_text()
    pin = r"[a-z0-9][a-z0-9-]*==[0-9][\w.]*( ; [^#\n\\]+)? \\\n"
    hashed = r"(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+"
    named = r"(-c requirements\.lock|[a-z0-9-]+( \(pyproject\.toml(:build|:docs)?\))?)"
    origin = rf"    # via {named}(, {named})*\n"
    for entry in re.split(r"(?m)^(?=\S)", text)[1:]:
        assert re.fullmatch(f"{pin}{hashed}{origin}", entry), entry[:200]
    assert "//" not in text


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_lock_satisfies_every_range(lock, python):
    environment = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.9",
    }
    pinned = {}
    for pin in pins(lock):
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pin.name not in pinned, f"{pin.name} is pinned twice for Python {python}"
            (specifier,) = pin.specifier
            pinned[pin.name] = specifier.version
    extras = set(PROJECT["project"]["optional-dependencies"])
    wanted = declared(LOCKS.get(lock, extras - DOCS_EXTRAS))
    documenting = PROJECT["dependency-groups"]["docs"] if lock == DOCS_LOCK else []
    for line in [*documenting, *PROJECT["build-system"]["requires"]]:
        wanted[Requirement(line).name] = Requirement(line)
    unmet = {
        name: (str(requirement.specifier), pinned.get(name))
        for name, requirement in wanted.items()
        if name not in pinned or pinned[name] not in requirement.specifier
    }
    assert not unmet


def test_locks_agree_and_only_one_has_spark():
    # Not the markers: more of the packages may need one on more systems.
    default, scale, docs = (
        {(pin.name, str(pin.specifier)) for pin in pins(lock)} for lock in ALL_LOCKS
    )
    assert default < scale
    shared = {name for name, _ in default}
    assert {pin for pin in docs if pin[0] in shared} <= default
    assert not {pin.name for pin in pins("requirements.lock")} & {"dask", "pyspark"}


def test_locks_pin_what_builds_the_project():
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]


# The Makefile, in a folder of its own with a space in its name and with stand-ins for Python


def run_make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("make") is None:
        pytest.skip("no make")
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)


def executable(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def copy(tmp_path) -> Path:
    folder = tmp_path / "a folder"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", *ALL_LOCKS):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def installed(copy) -> Path:
    """The copy with an environment whose Python prints its arguments, one a line."""
    executable(copy / ".venv/bin/python", 'for word in "$@"; do printf "%s\\n" "$word"; done')
    for stamp in (".locked", ".ready"):
        (copy / ".venv" / stamp).write_text(f"{copy.resolve()}\n")
    return copy


def test_help_is_the_default_and_lists_every_target(copy):
    rules = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    done = run_make(copy)
    listed = re.findall(r"^make ([a-z-]+) {2,}\S", done.stdout, re.MULTILINE)
    assert listed == rules
    assert set(rules) == TARGETS
    assert done.stdout == run_make(copy, "help").stdout
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(phony.split()) == TARGETS


def test_report_hands_over_any_path_untouched(installed):
    nasty = """it's "here" $HOME $(shell id) `id`; a,b # c.csv"""
    done = run_make(installed, "report", f"REFERENCE={nasty}", f"OUTPUT={nasty}", "EVIDENTLY=1")
    assert done.stdout.splitlines() == [
        *("-m", "driftlib", "report", "--reference", nasty, "--output", nasty, "--evidently")
    ]


def test_report_hands_over_how_times_are_written_and_what_to_leave_out(installed):
    done = run_make(installed, "report", "TIME_FORMAT=%d/%m/%Y %H", "EXCLUDE=id,a shop",
                    "UNIT=12h", "SEASON=month")  # fmt: skip
    assert done.stdout.splitlines() == [
        *("-m", "driftlib", "report", "--time-format", "%d/%m/%Y %H", "--exclude", "id,a shop"),
        *("--unit", "12h", "--season", "month"),
    ]


def test_report_without_settings_passes_none(installed):
    done = run_make(installed, "report", "EVIDENTLY=0", "PARAMS=")
    assert done.stdout.splitlines() == ["-m", "driftlib", "report"]


def test_moved_folder_is_installed_again_where_it_is(installed):
    moved = installed.rename(installed.with_name("another folder"))
    done = run_make(moved, "report")
    assert "--editable" in done.stdout
    assert (moved / ".venv/.ready").read_text() == f"{moved.resolve()}\n"
    assert "--editable" not in run_make(moved, "report").stdout


@pytest.mark.parametrize("version", ["3.10.13", "3.15.0", "2.7.18"])
def test_wrong_python_gets_one_sentence(copy, version):
    python = executable(copy / "bin/old python", f"echo {version}")
    done = run_make(copy, "test", f"PYTHON={python}")
    assert done.returncode != 0
    sentence, failure = done.stderr.splitlines()
    assert sentence == (
        f"Python 3.11 to 3.14 is needed, but {python} is {version}: "
        "install one, or name it with PYTHON=/path/to/python."
    )
    assert failure.startswith("make: ***")
    assert not (copy / ".venv").exists()


def test_python_without_venv_gets_one_sentence(copy):
    python = executable(copy / "bare", 'case "$2" in *venv*) exit 1;; *) echo 3.12.1;; esac')
    done = run_make(copy, "test", f"PYTHON={python}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith(f"{python} (Python 3.12.1) has no venv module")
    assert not (copy / ".venv").exists()


def test_failed_installation_is_tried_again(copy):
    fake = executable(
        copy / "fake",
        'case "$*" in\n'
        "  *version_info*) echo 3.12.1 ;;\n"
        '  "-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;\n'
        '  *"pip install"*) echo installing; [ -e online ] ;;\n'
        "esac",
    )
    first = run_make(copy, "report", f"PYTHON={fake}")
    assert first.returncode != 0
    assert "installing" in first.stdout
    assert not list((copy / ".venv").glob(".[lr]*"))
    (copy / "online").touch()
    assert run_make(copy, "report", f"PYTHON={fake}").returncode == 0
    assert "installing" not in run_make(copy, "report", f"PYTHON={fake}").stdout


def test_clean_leaves_what_is_not_generated(installed):
    keep = [
        "data/mine.parquet",
        "docs/reference/index.md",
        "notebooks/mine.ipynb",
        "reports/.gitignore",
        "my.csv",
        ".venv-mine/x",
    ]
    lose = [
        "reports/a/index.html",
        "artifacts/metrics.csv",
        "docs/_build/html/index.html",
        "docs/reference/generated/command-line.md",
        "driftlib/__pycache__/x.pyc",
        "reports/.x",
    ]
    for name in keep + lose:
        (installed / name).parent.mkdir(parents=True, exist_ok=True)
        (installed / name).touch()
    assert run_make(installed, "clean").returncode == 0
    left = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert left == {"Makefile", "pyproject.toml", *ALL_LOCKS, *keep}
    assert run_make(installed, "clean").returncode == 0


# What is in git


def test_top_level_is_the_agreed_one():
    top = {path.split("/")[0] for path in git("ls-files")}
    assert sorted(FIXED - top) == []
    assert sorted(top - FIXED - ALSO) == []


def test_no_generated_file_is_in_git():
    generated = re.compile(r"(^|/)(__pycache__|\.venv[^/]*|artifacts|\.ipynb_checkpoints)/|\.pyc$")
    tracked = git("ls-files")
    assert [path for path in tracked if generated.search(path)] == []
    assert [path for path in tracked if path.startswith("reports/")] == ["reports/.gitignore"]


def test_no_registry_host_is_named():
    hosts = r"pypi\.org|pythonhosted\.org|npmjs\.|deb\.debian\.org|conda\.anaconda\.org"
    assert git("grep", "-nIE", hosts, "--", ".") == []


def test_simulations_and_their_long_runs_are_there():
    table = re.findall(r"^\| (`test_.*) \| (`.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    for folder, cells in zip(("tests", "bench"), zip(*table, strict=True), strict=True):
        named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
        assert len(named) >= 15
        assert named <= {path.stem for path in (ROOT / folder).glob("*.py")}


def test_notebooks_are_committed_clean():
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert {path.stem for path in paths} >= {"baseline", "drift", "performance", "demo"}
    for path in paths:
        notebook = json.loads(path.read_text())
        assert "papermill" not in notebook["metadata"], path.name
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for cell in code:
            assert cell["outputs"] == [], path.name
            assert cell["execution_count"] is None, path.name
        tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1, f"{path.name} has {len(tagged)} parameters cells"


# The package


def test_import_is_light():
    script = "import sys, json, driftlib; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(HEAVY & set(json.loads(done.stdout))) == []


def test_a_wheel_and_a_source_distribution_hold_what_a_report_needs(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    (sdist,) = tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.getinfo(name).file_size for name in archive.namelist()}
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    needed = [
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("data/*.parquet"),
        *ROOT.glob("data/*.csv"),
    ]
    for path in needed:
        name = path.relative_to(ROOT).as_posix()
        assert packed[f"driftlib/bundled/{name}"] == path.stat().st_size
        assert name in sources
    for path in ROOT.glob("driftlib/**/*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in packed
