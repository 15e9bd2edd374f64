"""Write the pages that the code itself can write: commands, parameters, the tour."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import tempfile
from pathlib import Path
from typing import Any

from driftlib.cli import COMMANDS, main
from driftlib.reporting import run_report
from driftlib.reporting.parameters import NAMES, Parameter, declared
from tests.pages import Block, blocks

HERE = Path(__file__).resolve().parents[1]
FOLDER = HERE / "reference" / "generated"
TOUR = "tour-notebook.html"


def help_of(*arguments: str) -> str:
    """What a command says when asked for help, as wide as a page."""
    os.environ["COLUMNS"] = "72"
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main([*arguments, "--help"])
    return said.getvalue().rstrip()


def commands() -> str:
    """The page of commands, from what each says of itself."""
    parts = [
        "# Command line\n",
        "Each command says the same of itself with `--help`. Exit codes: 0 nothing found, 1 an "
        "alert (or a report that failed), 2 the input cannot be used.\n",
    ]
    for name, short in COMMANDS.items():
        asked = [(name,)] if name != "alerts" else [(name,), (name, "list"), (name, "ack")]
        parts.append(f"## driftlib {name}\n\n{short[0].upper()}{short[1:]}.\n")
        parts += [f"```text\n{help_of(*words)}\n```\n" for words in asked]
    return "\n".join(parts)


def cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", r"\|").replace("<", r"\<")


def row(parameter: Parameter, used: list[str]) -> str:
    """A line of the table of parameters."""
    default = f"`{parameter.default!r}`" if parameter.default != "" else "(empty)"
    said = f"{parameter.help[0].upper()}{parameter.help[1:]}"
    return f"| `{parameter.name}` | {cell(default)} | {cell(said)} | {', '.join(used)} |"


def parameters() -> str:
    """The page of parameters, from the notebooks' own cells."""
    schemas = {name: declared(HERE.parent / "notebooks" / f"{name}.ipynb") for name in NAMES}
    known: dict[str, Parameter] = {}
    for schema in schemas.values():
        known |= {name: value for name, value in schema.items() if name not in known}
    rows = [
        row(value, [page for page, schema in schemas.items() if name in schema])
        for name, value in sorted(known.items())
    ]
    return "\n".join(
        [
            "# Parameters\n",
            "One flat YAML file, `make report PARAMS=my.yml` or `driftlib report --params my.yml`, "
            "sets any of these; `driftlib check --params my.yml` takes the same file. A name that "
            "none of the notebooks declares is an error that lists the known ones. "
            "[driftlib init](command-line.md#driftlib-init) writes such a file for your data.\n",
            "| name | default | meaning | notebooks |\n|---|---|---|---|",
            *rows,
            "",
        ]
    )


def records() -> str:
    """The page of records: what each benchmark asks, and what it printed when it was last kept."""
    parts = [
        "# Records of benchmarks\n",
        "What `python -m bench NAME --record` printed, as it stands in `docs/measured`. "
        "Seconds are of one machine of 2 cores that did other work besides.\n",
    ]
    for path in sorted((HERE / "measured").glob("*.txt")):
        head, _, printed = path.read_text(encoding="utf-8").partition("\n\n")
        date, command = head.removeprefix("# ").split(" ", 1)
        module = HERE.parent / "bench" / f"{path.stem}.py"
        asks = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
        said = cell(asks.partition("\n")[0])
        parts.append(f"## {path.stem}\n\n{said}\n\n{date}, `{command}`\n")
        parts.append(f"```text\n{printed.rstrip()}\n```\n")
    kept = {path.stem for path in (HERE / "measured").glob("*.txt")}
    modules = {path.stem for path in (HERE.parent / "bench").glob("[!_]*.py")}
    others = ", ".join(f"`{name}`" for name in sorted(modules - kept))
    parts.append(
        f"## No record\n\nOf these none is kept: {others}. Their figures were copied by hand.\n"
    )
    return "\n".join(parts)


def code() -> str:
    """The page of code blocks: how many of each page were run, and why the others were not."""
    root = HERE.parent
    written = [path for path in sorted(HERE.rglob("*.md")) if "generated" not in path.parts]
    found = {path: blocks(path) for path in [root / "README.md", *written]}
    parts = [
        "# Code that was run\n",
        "Every block of Python and every command of these pages runs in the tests, in order, as a "
        "reader would run it, and a block of text right after one is what it prints: quick pages "
        "with `make test`, all of them with `make docs`. Examples in docstrings run as doctests. "
        "What is not run is listed with the reason.\n",
        "| page | run | not run |\n|---|---|---|",
    ]
    for path, those in found.items():
        if those:
            left = [f"line {one.line}: {cell(why(one))}" for one in those if why(one)]
            name = str(path.relative_to(root))
            parts.append(f"| `{name}` | {len(those) - len(left)} | {'; '.join(left)} |")
    return "\n".join([*parts, ""])


def why(block: Block) -> str:
    """The reason for which a block is not run; empty where it is."""
    return block.mark.partition("not run: ")[2]


def run_tour(app: Any, config: Any) -> None:
    """Run the tour as a report, unless it has been."""
    page = FOLDER / "extra" / TOUR
    if page.exists():
        return
    page.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        notebooks = [HERE.parent / "notebooks" / "tour.ipynb"]
        run_report(output=folder, notebooks=notebooks, workers=1, progress=False)
        made = (Path(folder) / "tour.html").read_text(encoding="utf-8")
    page.write_text(made.replace('href="index.html"', 'href="tour.html"'), encoding="utf-8")


def write(app: Any, config: Any) -> None:
    """Write each page, unless it is there as it should be."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pages = {"command-line": commands(), "parameters": parameters(), "records": records()}
    pages["code"] = code()
    for name, text in pages.items():
        path = FOLDER / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Register what is written before pages are read."""
    app.connect("config-inited", write)
    app.connect("config-inited", run_tour)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
