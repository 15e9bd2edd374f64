"""Names of rare levels reach nothing that is written."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.alerts import make_alerts
from driftlib.cli import main
from driftlib.data.masking import RARE, mask_rare
from driftlib.reporting import drift_tables
from driftlib.reporting.feature_rows import feature_rows
from driftlib.reporting.inputs import read_inputs, read_reference


@pytest.fixture
def sides(rng):
    reference = pd.DataFrame(
        {"shop": rng.choice(["north", "south"], 400), "x": rng.normal(size=400)}
    )
    reference["y_true"] = np.where(np.arange(400) < 5, "seldom", "often")
    current = reference.copy()
    reference.loc[:2, "shop"] = "Mrs Smith"
    current.loc[:18, "shop"] = "Mr Jones"
    current.loc[100:139, "shop"] = "west"
    return reference, current


def test_levels_that_enough_rows_of_either_side_have_are_named(sides):
    before, now = mask_rare(sides, 20, {"y_true"})
    assert set(before["shop"]) == {"north", "south", RARE}
    assert set(now["shop"]) == {"north", "south", "west", RARE}
    assert (now["shop"] == RARE).sum() == 19
    assert set(now["y_true"]) == {"often", "seldom"}
    assert "Mrs Smith" in set(sides[0]["shop"])
    assert mask_rare(sides, 0)[0] is sides[0]
    categories = sides[0].assign(shop=sides[0]["shop"].astype("category"))
    assert mask_rare([categories], 20)[0]["shop"].tolist() == before["shop"].tolist()
    odd = pd.DataFrame(
        {"odd": [None, [1], np.nan, "a", True], "flag": [True, False, None, True, True]}
    )
    masked = mask_rare([odd], 2)[0]
    assert masked["odd"].isna().tolist() == odd["odd"].isna().tolist()
    assert masked["flag"].equals(odd["flag"])


@pytest.mark.parametrize("saved", [False, True])
def test_no_file_and_no_word_has_a_rare_name(sides, tmp_path, saved):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, side in zip(paths, sides, strict=True):
        side.to_csv(path, index=False)
    if saved:
        baseline = dl.as_baseline(read_reference(paths[0], 20))
        paths[0] = baseline.save(tmp_path / "baseline.json")
        assert "Smith" not in paths[0].read_text()
    data = read_inputs(str(paths[0]), str(paths[1]), mask_levels=20)
    result = dl.detect_drift(dl.as_baseline(data.reference, **data.columns), data.current)
    trend = dl.drift_trend(result.baseline, data.current, window=200)
    written = [
        json.dumps(result.to_dict()),
        json.dumps(result.baseline.to_dict()),
        str(make_alerts(result, trend)),
        drift_tables.drift_table(result).to_csv(),
        json.dumps(feature_rows(result, trend).content),
        trend.table.to_csv(),
    ]
    for text in written:
        assert "Jones" not in text
        assert "Smith" not in text
    assert "west" in "".join(written)


def test_a_check_says_that_it_does_not_mask(tmp_path, capsys):
    (tmp_path / "p.yml").write_text("mask_levels: 20\n")
    assert main(["check", "a.json", "b.csv", "--params", str(tmp_path / "p.yml")]) == 2
    assert "mask_levels is for reports" in capsys.readouterr().err
