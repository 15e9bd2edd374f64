"""`python -m bench` runs every benchmark; `python -m bench NAME ...` runs those named."""

import argparse
import importlib
import pkgutil
import sys
import time

import bench


def main() -> int:
    """Run the chosen benchmarks one after another and print their tables."""
    known = sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if m.name != "__main__")
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)}")
    chosen = parser.parse_args().names or known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in chosen:
        start = time.perf_counter()
        print(f"\n## {name}\n", flush=True)
        importlib.import_module(f"bench.{name}").main()
        print(f"\n({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
