"""Show the progress of a run: bars in a terminal, elsewhere a line for each report."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import Any

from driftlib.errors import MissingExtraError
from driftlib.text import printable


class Progress:
    """A bar for each report and one over all; without a terminal, a line when one is done.

    Parameters
    ----------
    names : list of str
        Of the reports.
    shown : bool
        Whether anything is written at all.
    """

    def __init__(self, names: list[str], shown: bool) -> None:
        self.names = names
        self.shown = shown
        self.bars: dict[str, Any] = {}
        self.overall: Any = None
        # What is written in a terminal when the bars are closed.
        self.lines: list[str] = []
        self.said: set[str] = set()

    def __enter__(self) -> Progress:
        if self.shown and sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError as error:
                raise MissingExtraError("tqdm", "notebooks", "Making a report") from error
            width = max(map(len, [*self.names, "all"]))
            form = "{desc} {percentage:3.0f}% |{bar:30}| {unit}"
            # Some terminals do not know their width.
            columns = shutil.get_terminal_size().columns - 1

            def bar(name: str, place: int, total: int) -> Any:
                return tqdm(
                    total=total,
                    desc=name.ljust(width),
                    unit=" " * 16,
                    position=place,
                    bar_format=form,
                    ncols=columns,
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
        sys.stderr.writelines(self.lines)
        self.bars, self.lines = {}, []

    def advance(self, name: str, done: int, total: int) -> None:
        """Move a report's bar.

        Parameters
        ----------
        name : str
            Of the report.
        done, total : int
            Cells that are done, and all.
        """
        if name in self.bars:
            bar = self.bars[name]
            if done == 0:
                bar.reset(total=max(total, 1))
            bar.n = done
            bar.refresh()

    def finish(self, name: str, seconds: float, failure: str | None, verdict: str | None) -> None:
        """Say that a report is done, or failed.

        Parameters
        ----------
        name : str
            Of the report.
        seconds : float
            Time that it took.
        failure, verdict : str or None
            Its sentence; control characters in it are not written.
        """
        words = printable(f"failed: {failure}" if failure else verdict or "done")
        line = f"{name} ({seconds:.1f} s): {words}\n"
        if name in self.bars:
            bar = self.bars[name]
            # As wide as any, to cover what stood there: bars change places when they close.
            bar.n, bar.unit = bar.total, f"{seconds:.0f} s{', failed' if failure else ''}".ljust(16)
            bar.refresh()
            self.overall.update(1)
            self.lines += [line] if failure else []
        elif self.shown:
            sys.stderr.write(line)
            sys.stderr.flush()

    def say(self, sentence: str) -> None:
        """Write a sentence, once.

        Parameters
        ----------
        sentence : str
            Control characters in it are not written.
        """
        if not self.shown or sentence in self.said:
            return
        self.said.add(sentence)
        line = f"{printable(sentence)}\n"
        if self.bars:
            self.lines.append(line)
        else:
            sys.stderr.write(line)
            sys.stderr.flush()
