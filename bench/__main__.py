"""`python -m bench` runs every benchmark; `python -m bench NAME ...` runs those named.

With `--record` what a benchmark prints is also kept, dated, as `docs/measured/NAME.txt`: the
figures of the documentation are compared with these records by the tests.
"""

import argparse
import contextlib
import datetime
import importlib
import io
import pkgutil
import sys
import time
from pathlib import Path

import bench

RECORDS = Path(__file__).parent.parent / "docs" / "measured"


class Both(io.TextIOBase):
    """A stream that shows what is printed and keeps it."""

    def __init__(self, shown: io.TextIOBase) -> None:
        self.shown, self.kept = shown, io.StringIO()

    def write(self, text: str) -> int:
        """Show and keep a text."""
        self.shown.write(text)
        self.shown.flush()
        return self.kept.write(text)


def record(name: str) -> None:
    """Run one benchmark and keep what it printed, under its date and command."""
    both = Both(sys.stdout)
    with contextlib.redirect_stdout(both):
        importlib.import_module(f"bench.{name}").main()
    head = f"# {datetime.date.today()} python -m bench {name}\n\n"
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{name}.txt").write_text(head + both.kept.getvalue(), encoding="utf-8")


def main() -> int:
    """Run the chosen benchmarks one after another and print their tables."""
    known = sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if m.name != "__main__")
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)}")
    parser.add_argument("--record", action="store_true", help="keep it in docs/measured")
    options = parser.parse_args()
    chosen = options.names or known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in chosen:
        start = time.perf_counter()
        print(f"\n## {name}\n", flush=True)
        if options.record:
            record(name)
        else:
            importlib.import_module(f"bench.{name}").main()
        print(f"\n({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
