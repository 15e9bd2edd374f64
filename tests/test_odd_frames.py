"""One bad column never costs the others: a small part of `python -m bench odd_frames`."""

import contextlib
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

import driftlib as dl
from tests.odd_frames import IN_ARROW, IN_PANDAS, arrow_pairs, disagreement, fault, odd_pairs, twins

ONCE_RAW = (
    "huge whole numbers", "surrogate", "lists", "tuples", "times", "uncomparable", "half",
    "arrow nothing", "arrow struct", "nested",
)  # fmt: skip
FEW = settings(
    max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("group", range(4))
def test_no_kind_of_column_costs_the_others(group):
    kinds = [*IN_PANDAS, *IN_ARROW][group::4]
    rng = np.random.default_rng(group)
    pairs = list(zip(kinds, rng.permutation([*IN_PANDAS, *IN_ARROW]), strict=False))
    faults = [
        fault("detect_drift", twins(rng, *pairs[start : start + 6]))
        for start in range(0, len(pairs), 6)
    ]
    assert [text for text in faults if text] == []


@seed(20260101)
@FEW
@given(odd_pairs())
def test_odd_columns_beside_good_ones(pair):
    for question in ("detect_drift", "drift_trend", "track_performance"):
        assert fault(question, pair) == ""


@seed(20260101)
@FEW
@given(arrow_pairs())
def test_kinds_of_frames_agree(drawn):
    assert disagreement(*drawn) == ""


@pytest.mark.parametrize("named", ["window", "by"])
def test_any_column_can_be_named_and_gets_an_answer_or_a_sentence(named):
    rng = np.random.default_rng(0)
    for kind in ONCE_RAW:
        pair = twins(rng, (kind, kind))
        with warnings.catch_warnings(), contextlib.suppress(dl.DriftlibError):
            warnings.simplefilter("error")
            dl.drift_trend(pair.reference, pair.current, **{"window": 15, named: "odd 0"})


def test_kinds_that_only_another_question_meets():
    rng = np.random.default_rng(0)
    assert fault("diagnose", twins(rng, ("long words", "arrow struct"), rows=60)) == ""
    assert fault("detect_drift", twins(rng, ("large codes", "largest"), rows=60)) == ""


def test_a_column_without_values_makes_no_windows():
    pair = twins(np.random.default_rng(0), ("nothing", "nothing"))
    with pytest.raises(dl.DriftlibError, match="no value in any row: there are no windows"):
        dl.drift_trend(pair.good_reference, pair.current, window="odd 0")
    pair = twins(np.random.default_rng(0), ("lists", "lists"))
    with pytest.raises(dl.DriftlibError, match="'odd 0' holds no plain values, which windows"):
        dl.drift_trend(pair.good_reference, pair.current, window="odd 0")
