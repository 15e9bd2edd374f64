"""Reads the code blocks of the documentation, and runs them as a reader would.

A page's blocks run in order, in one folder and one namespace. ```python blocks are executed, ```sh
blocks run line by line, and a ```text block right after one of them is what it prints: "..." stands
for anything, and white space does not matter. In the folder lie the project's `data`, and
`train.parquet`, `live.parquet`, `live.csv`, `today.parquet` and `new/1.parquet`, small and made up.
A comment `% not run: reason` before a block keeps it from being run, and `% slow` leaves it to
`make docs`; in Markdown that is not MyST, comments are those of HTML.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(
    r"(?:^(?:% |<!-- )(?P<mark>[^\n]+?)(?: -->)?\n+)?"
    r"^(?P<fence>`{3,})(?P<kind>\w+)\n(?P<text>.*?)\n(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
RUN = ("python", "sh")


@dataclass(frozen=True)
class Block:
    """One block of code: its kind, its text, where it is, its mark, and what it is to print."""

    kind: str
    text: str
    line: int
    mark: str
    prints: str | None


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that are code."""
    source = page.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(source))
    made = []
    for match, after in zip(found, [*found[1:], None][: len(found)], strict=True):
        if match["kind"] not in RUN:
            continue
        between = "" if after is None else source[match.end() : after.start()].strip()
        answers = after is not None and after["kind"] == "text" and not between
        line = source.count("\n", 0, match.start("fence")) + 1
        prints = after["text"] if after is not None and answers else None
        made.append(Block(match["kind"], match["text"], line, match["mark"] or "", prints))
    return made


def plain(text: str) -> str:
    """Text with single spaces."""
    return " ".join(text.split())


def matches(wanted: str, printed: str) -> bool:
    """Whether what was printed is what the page says, dots standing for anything."""
    parts = (re.escape(plain(part)) for part in wanted.split("..."))
    return re.fullmatch(r"\s*.*?\s*".join(parts), plain(printed), re.DOTALL) is not None


def run_python(block: Block, names: dict[str, Any], page: Path) -> str:
    """Execute a block; the value of a last expression is printed, as in a notebook."""
    import ast

    tree = ast.parse("\n" * block.line + block.text)
    last = tree.body[-1]
    if isinstance(last, ast.Expr) and block.prints is not None:
        call = ast.parse("_show(None)", mode="eval").body
        assert isinstance(call, ast.Call)
        call.args = [last.value]
        last.value = ast.copy_location(call, last.value)
        ast.fix_missing_locations(tree)
    names["_show"] = lambda value: None if value is None else print(repr(value))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(tree, str(page), "exec"), names)
    return said.getvalue()


def run_sh(block: Block) -> str:
    """Run commands of `driftlib` in this process, which spares the start of each."""
    from driftlib.cli import main

    said = io.StringIO()
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "driftlib", f"{words[0]} cannot be run here: mark the block"
        with contextlib.redirect_stdout(said):
            code = main(words[1:])
        assert code in (0, 1), f"exit code {code} of: {line}"
    return said.getvalue()


@contextlib.contextmanager
def reader(folder: Path) -> Iterator[None]:
    """A folder as a reader's, with data, in which the process then is."""
    from driftlib import simulate

    data = simulate(1400, 1.0, 0.1, 0)
    data.reference.to_parquet(folder / "train.parquet", index=False)
    data.current.to_parquet(folder / "live.parquet", index=False)
    data.current.to_csv(folder / "live.csv", index=False)
    data.current.to_parquet(folder / "today.parquet", index=False)
    (folder / "new").mkdir()
    data.current.to_parquet(folder / "new" / "1.parquet", index=False)
    (folder / "data").symlink_to(ROOT / "data")
    with contextlib.chdir(folder):
        yield


def follow(page: Path, folder: Path, slow: bool = False) -> int:
    """Run a page's blocks, those for `make docs` if wanted; say how many there were."""
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    with reader(folder):
        for block in blocks(page):
            if block.mark.startswith("not run:") or (block.mark == "slow" and not slow):
                continue
            where = f"{page.name}, line {block.line}"
            try:
                printed = (
                    run_python(block, names, page) if block.kind == "python" else run_sh(block)
                )
            except Exception as error:
                raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
            if block.prints is not None:
                assert matches(block.prints, printed), f"{where} prints:\n{printed}"
            count += 1
    return count
