"""Does one bad column ever cost the others? 2,000 pairs of tables with odd columns.

An answer is a failure if it is an error that is none of the library's, draws a warning, or
differs in a good column from the answer without the odd ones; or where a pyarrow table, its
record batch and polars frames of the same values are answered differently.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.odd_frames import arrow_pairs, disagreement, fault, odd_pairs

# DRIFTLIB_BENCH_FRAMES makes a smaller run.
FRAMES = int(os.environ.get("DRIFTLIB_BENCH_FRAMES", "2000"))
EVERY = ("detect_drift", "drift_trend", "track_performance")
# A diagnosis fits models: it is asked of one pair in so many.
DIAGNOSED = 20
SEED = 20260101


def _drawn(strategy: SearchStrategy[Any], number: int, check: Callable[[Any], None]) -> None:
    @seed(SEED)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(drawn: Any) -> None:
        check(drawn)

    run()


def main() -> None:
    """Ask about every pair, and print how many were asked and what failed."""
    asked: Counter[str] = Counter()
    failures: list[str] = []

    def note(question: str, found: str) -> None:
        asked[question] += 1
        failures.extend([found] if found else [])

    def ask_all(pair: Any, questions: Iterable[str] = EVERY) -> None:
        asked["pairs"] += 1
        for question in questions:
            note(question, fault(question, pair))
        if asked["pairs"] % DIAGNOSED == 0:
            note("diagnose", fault("diagnose", pair))

    def ask_kinds(drawn: Any) -> None:
        pair, others = drawn
        ask_all(pair)
        note("frame kinds", disagreement(pair, others))

    _drawn(odd_pairs(), FRAMES // 2, ask_all)
    _drawn(arrow_pairs(), FRAMES - FRAMES // 2, ask_kinds)
    print("| asked | answers |\n| --- | ---: |")
    for question, number in asked.items():
        print(f"| {question} | {number:,} |")
    print(f"\n{len(failures)} failures")
    for text in failures[:40]:
        print(f"- {text}")
