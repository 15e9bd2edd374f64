"""A saved baseline is trusted only as it was written, and only if rows can have such counts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.profile.written import digest


@pytest.fixture
def content(rng):
    frame = pd.DataFrame({"x": rng.normal(size=600), "c": rng.choice(list("abc"), 600)})
    frame["seen"] = pd.date_range("2013-03-01", periods=30).repeat(20)
    frame.loc[::9, "x"] = None
    return dl.Baseline.fit(frame).to_dict()


def put(content, path, value):
    """The content with one value changed; its path is written with dots."""
    changed = json.loads(json.dumps(content))
    part = changed
    *steps, last = path.split(".")
    for step in steps:
        part = part[int(step) if isinstance(part, list) else step]
    last = int(last) if isinstance(part, list) else last
    part[last] = value(part[last]) if callable(value) else value
    return changed


def read(content, tmp_path):
    path = tmp_path / "b.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return dl.Baseline.load(path)


CHANGES = [
    ("rows", 599),
    ("bins", 11),
    ("roles.y_true", "late"),
    ("columns.x.role", "target"),
    ("columns.x.note", "hello"),
    ("columns.x.reference.missing", 66),
    ("columns.x.reference.mean", 0.0),
    ("columns.x.reference.below.3", lambda n: n + 1),
    ("columns.c.reference.levels.0", lambda n: n - 1),
    ("unit.offset", "h"),
    ("units.ids.0", lambda n: n - 1),
    ("units.columns.x.cells.0", lambda n: n + 1),
    ("id", "0" * 16),
]


@pytest.mark.parametrize(("path", "value"), CHANGES)
def test_whatever_is_changed_by_hand_is_noticed(content, tmp_path, path, value):
    read(content, tmp_path)
    with pytest.raises(dl.DriftlibError, match="changed by hand or damaged: fit the baseline"):
        read(put(content, path, value), tmp_path)


IMPOSSIBLE = [
    ("columns", None),
    ("columns.x", None),
    ("columns.x.role", "bogus"),
    ("columns.x.kind", "bogus"),
    ("columns.x.reference.missing", None),
    ("columns.x.reference.missing", -1),
    ("columns.x.reference.missing", 1.5),
    ("columns.x.reference.missing", True),
    ("columns.x.reference.missing", 601),
    ("columns.x.reference.absent", 500),
    ("columns.x.reference.below", lambda x: [-n for n in x]),
    ("columns.x.reference.below", lambda x: x[::-1]),
    ("columns.x.reference.below", lambda x: x[:-1]),
    ("columns.x.reference.at_or_below", lambda x: [0] * len(x)),
    ("columns.x.reference.at_or_below.5", 10**40),
    ("columns.x.reference.at_or_below.5", "5"),
    ("columns.x.reference.gaps.2", -1.0),
    ("columns.x.reference.gaps.2", None),
    ("columns.x.reference.squares", -1.0),
    ("columns.x.grid", lambda x: x[::-1]),
    ("columns.x.grid.0", None),
    ("columns.x.psi_edges.0", 1e9),
    ("columns.c.levels", lambda x: [x[0]] * len(x)),
    ("columns.c.reference.levels", lambda x: [-n for n in x]),
    ("columns.c.reference.unlisted", None),
    ("rows", -5),
    ("rows", None),
    ("unit.kind", "bogus"),
    ("units", None),
    ("units.rows.0", -20),
    ("units.outside", 3),
    ("units.fold", 99),
    ("units.ids", lambda x: x[::-1]),
    ("units.columns.x.cells.0", -1),
    ("units.columns.x.missing", lambda x: [n + 1 for n in x]),
]


def signed(content):
    """The content with the hash that belongs to it, as a forger would write it."""
    return content | {"digest": digest(content)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("path", "value"), IMPOSSIBLE)
def test_counts_that_no_rows_can_have_are_refused(content, tmp_path, path, value, version):
    if version == 1 and path.startswith("unit"):
        return
    changed = put(content, path, value) | {"version": version}
    if version == 1:
        for key in ("unit", "units", "digest"):
            changed.pop(key, None)
        changed["roles"].pop("unit")
        for column in (changed["columns"] or {}).values():
            (column or {}).pop("unit_edges", None)
    else:
        changed = signed(changed)
    with pytest.raises(dl.DriftlibError, match=r"^b\.json (is damaged|was changed by hand)"):
        read(changed, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 200_000,
        "1" * 5000,
        '{"format": NaN}',
        "null",
        "[]",
        "{}",
        "\x00",
        "",
    ],
)
def test_what_is_no_baseline_gets_a_sentence(tmp_path, text):
    with pytest.raises(dl.DriftlibError, match=r"b\.json (is|was) "):
        read(text, tmp_path)


def test_a_number_of_5000_digits_gets_the_sentence(content, tmp_path):
    text = json.dumps(content).replace('"rows": 600', '"rows": ' + "1" * 5000, 1)
    with pytest.raises(dl.DriftlibError, match="is damaged: fit the baseline again"):
        read(text, tmp_path)


def test_a_baseline_survives_being_written_anew_with_other_spaces(content, tmp_path):
    again = read(json.dumps(content, indent=3), tmp_path)
    assert again.to_dict() == content
    assert np.isfinite(again.table["mean"].iloc[0])
