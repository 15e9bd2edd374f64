"""One bad column never costs the others: a small part of `python -m bench odd_frames`."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.odd_frames import IN_ARROW, IN_PANDAS, arrow_pairs, disagreement, fault, odd_pairs, twins

FEW = settings(
    max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("group", range(4))
def test_no_kind_of_column_costs_the_others(group):
    kinds = [*IN_PANDAS, *IN_ARROW]
    rng = np.random.default_rng(group)
    faults = []
    for place in range(group, len(kinds), 4):
        other = kinds[rng.integers(len(kinds))]
        faults.append(fault("detect_drift", twins(rng, kinds[place], other)))
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
