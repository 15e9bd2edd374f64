"""Progress of a run in the terminal: bars where there is one, else a line for each report."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from driftlib.errors import MissingExtraError


class Progress:
    """A bar for each report and one over all; without a terminal, a line when one is done."""

    def __init__(self, names: list[str], shown: bool) -> None:
        self.names = names
        self.shown = shown
        self.bars: dict[str, Any] = {}
        self.overall: Any = None

    def __enter__(self) -> Progress:
        if self.shown and sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError as error:
                raise MissingExtraError("tqdm", "notebooks", "Making a report") from error
            width = max(map(len, [*self.names, "all"]))
            form = "{desc} {percentage:3.0f}% {bar:30} {elapsed} {postfix}"

            def bar(name: str, place: int, total: int) -> Any:
                return tqdm(
                    total=total,
                    desc=name.ljust(width),
                    position=place,
                    bar_format=form,
                    dynamic_ncols=True,
                    file=sys.stderr,
                    disable=False,
                )

            self.overall = bar("all", 0, len(self.names))
            self.bars = {name: bar(name, i, 1) for i, name in enumerate(self.names, start=1)}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for bar in [*self.bars.values(), self.overall]:
            if bar is not None:
                bar.close()

    def advance(self, name: str, done: int, total: int) -> None:
        """`done` of `total` cells are done."""
        if name in self.bars:
            bar = self.bars[name]
            if done == 0:
                bar.reset(total=max(total, 1))
            bar.n = done
            bar.refresh()

    def finish(self, name: str, seconds: float, failure: str | None, verdict: str | None) -> None:
        """A report is done, or failed."""
        words = printable(f"failed: {failure}" if failure else verdict or "done")
        if name in self.bars:
            bar = self.bars[name]
            bar.n = bar.total
            bar.set_postfix_str(words if failure else "", refresh=True)
            self.overall.update(1)
        elif self.shown:
            sys.stderr.write(f"{name} ({seconds:.1f} s): {words}\n")
            sys.stderr.flush()


def printable(text: str) -> str:
    """Text without control characters, which in names from the data could move the cursor.

    Examples
    --------
    >>> printable("a\\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(character if character.isprintable() else "?" for character in text)
