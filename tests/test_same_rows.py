"""The same rows are the same, whatever holds them; row numbers and indexes are no drift."""

import os

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

import driftlib as dl
from driftlib.data.opening import read_frame
from driftlib.data.sources import Memory

ROWS = 1500


def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "code": rng.choice(["007", "042", "1", "99"], ROWS),
            "truth": rng.random(ROWS) < 0.3,
            "word": rng.choice(["true", "false"], ROWS),
            "country": rng.choice(["NA", "DE", "null"], ROWS),
            "price": rng.choice(["1.50", "1.5", "2.00"], ROWS),
            "clock": rng.choice(["10:00", "11:30"], ROWS),
            "long": rng.choice([str(10**24 + k) for k in range(5)], ROWS),
            "gaps": np.where(rng.random(ROWS) < 0.1, np.nan, rng.integers(0, 9, ROWS)),
            "shop": np.where(rng.random(ROWS) < 0.1, np.nan, rng.integers(0, 9, ROWS)),
            "bit": rng.integers(0, 2, ROWS),
            "size": rng.normal(size=ROWS),
        }
    )


@pytest.fixture(scope="module")
def same(tmp_path_factory):
    """The same rows in every form."""
    rows, folder = _rows(), tmp_path_factory.mktemp("same")
    rows.to_parquet(folder / "rows.parquet", index=False)
    for name, separator in {"rows.csv": ",", "rows.csv.gz": ",", "rows.tsv": "\t"}.items():
        rows.to_csv(folder / name, sep=separator, index=False)
    forms = {name.name: name for name in sorted(folder.iterdir())}
    return forms | {
        "pandas": rows,
        "nullable": rows.convert_dtypes(),
        "arrow dtypes": rows.convert_dtypes(dtype_backend="pyarrow"),
        "objects": rows.astype(object),
        "polars": pl.from_pandas(rows, nan_to_null=True),
        "pyarrow": pa.Table.from_pandas(rows, preserve_index=False),
    }


FORMS = [
    "rows.parquet", "rows.csv", "rows.csv.gz", "rows.tsv", "pandas", "nullable", "arrow dtypes",
    "objects", "polars", "pyarrow",
]  # fmt: skip


@pytest.mark.parametrize("reference", FORMS)
def test_the_same_rows_in_any_form_are_no_drift(same, reference):
    baseline = dl.Baseline.fit(same[reference], categorical=["shop"])
    for form in FORMS:
        table = dl.detect_drift(baseline, same[form]).table
        assert table["psi"].fillna(0).eq(0).all(), form
        assert table["unseen"].fillna(0).eq(0).all(), form
        assert (table["missing_reference"] == table["missing_current"]).all(), form
        assert table["severity"].eq("none").all(), form


def test_all_forms_of_typed_rows_give_equal_tables(same):
    expected = dl.detect_drift(same["pandas"], same["pandas"]).table
    for form in FORMS:
        table = dl.detect_drift(same["pandas"], same[form]).table
        pd.testing.assert_frame_equal(table, expected, rtol=1e-12)


def test_categories_are_categories_in_every_form(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": pd.Categorical(rng.integers(1, 4, 300)), "x": np.arange(300) % 7})
    frame["word"] = pd.Categorical(rng.choice(["a", "b"], 300))
    frame.to_parquet(tmp_path / "rows.parquet")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    forms = [frame, tmp_path / "rows.parquet", table, table.to_pandas(types_mapper=pd.ArrowDtype)]
    for form in forms:
        kinds = dl.detect_drift(form, forms[0]).table["kind"]
        assert kinds.to_dict() == {"n": "categorical", "x": "numeric", "word": "categorical"}


def test_a_csv_is_read_as_the_baseline_knows_its_columns(same):
    baseline = dl.Baseline.fit(same["pandas"])
    profile = baseline.profile(same["rows.csv"])
    countries = dict(
        zip(baseline.columns["country"].levels, profile.columns["country"].levels, strict=True)
    )
    assert countries == _rows()["country"].value_counts().to_dict()
    assert profile.columns["code"].missing == profile.columns["long"].missing == 0


def test_two_csv_files_agree_where_one_holds_a_single_word(tmp_path):
    rng = np.random.default_rng(0)
    codes = pd.DataFrame({"code": rng.integers(1, 9, 1000), "x": rng.integers(0, 50, 1000)})
    codes.to_csv(tmp_path / "plain.csv", index=False)
    odd = codes.astype(object)
    odd.loc[500] = ["AB12", "UNKNOWN"]
    odd.to_csv(tmp_path / "odd.csv", index=False)
    for pair in (("plain.csv", "odd.csv"), ("odd.csv", "plain.csv")):
        result = dl.detect_drift(*(tmp_path / name for name in pair))
        assert result.drifted == []
        assert result.table["psi"].max() < 0.01


def test_na_is_missing_where_the_baseline_has_no_such_level(tmp_path):
    rows = pd.DataFrame({"a": ["NA", "x"] * 50, "b": ["y", None] * 50, "n": [1.5, None] * 50})
    rows.to_csv(tmp_path / "rows.csv", index=False, na_rep="NA")
    baseline = dl.Baseline.fit(rows)
    columns = baseline.profile(tmp_path / "rows.csv").columns
    assert [columns[name].missing for name in "abn"] == [0, 50, 50]
    assert columns["n"].unreadable == 0


@pytest.mark.parametrize("written", ["True", "true", "TRUE", "1", 1, 1.0, True])
def test_a_truth_value_is_the_same_however_it_is_written(written):
    reference = pd.DataFrame({"on": [True, False] * 50})
    table = dl.detect_drift(reference, pd.DataFrame({"on": [written] * 99})).table
    assert table.loc["on", "unseen"] == 0
    back = dl.detect_drift(pd.DataFrame({"on": [1, 0] * 50}), reference).table
    assert back.loc["on", ["psi", "severity"]].tolist() == [0, "none"]


def test_thousands_separators_are_numbers():
    values = np.random.default_rng(0).normal(5000, 900, 500).round(2)
    text = pd.DataFrame({"x": [f"{value:,.2f}" for value in values]})
    baseline = dl.Baseline.fit(text)
    assert baseline.columns["x"].kind == "numeric"
    assert "thousands separators" in baseline.columns["x"].note
    assert dl.detect_drift(baseline, pd.DataFrame({"x": values})).table.loc["x", "psi"] == 0


def _periods(rows=3000):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=rows), "y_true": rng.integers(0, 2, rows)})
    frame["y_pred"] = frame["y_true"].where(rng.random(rows) < 0.8, 1 - frame["y_true"])
    half = rows // 2
    return frame[:half], frame[half:]


def test_a_stored_index_is_no_feature(tmp_path):
    before, now = _periods()
    before, now = (part[part["x"] > -2] for part in (before, now))
    expected = dl.detect_drift(before, now).table
    for name, write in {"f.parquet": "to_parquet", "f.csv": "to_csv"}.items():
        paths = [tmp_path / f"{side}_{name}" for side in ("before", "now")]
        for path, part in zip(paths, (before, now), strict=True):
            getattr(part, write)(path)
        assert dl.Baseline.fit(paths[0]).features == ["x"]
        table = dl.detect_drift(*paths).table
        pd.testing.assert_frame_equal(table, expected, rtol=1e-9)
    reread = [pd.read_csv(path) for path in paths]
    assert "Unnamed: 0" in reread[0]
    assert dl.detect_drift(*reread).table.index.tolist() == expected.index.tolist()


def test_an_index_with_a_name_is_no_feature_either(tmp_path):
    before, now = _periods(600)
    expected = dl.detect_drift(before, now).table
    sides = [
        part.set_index(pd.Index(np.random.default_rng(0).permutation(300) + start, name="order"))
        for part, start in ((before, 0), (now, 900))
    ]
    paths = [tmp_path / "before.parquet", tmp_path / "now.parquet"]
    for path, part in zip(paths, sides, strict=True):
        part.to_parquet(path)
    tables = [pa.Table.from_pandas(part) for part in sides]
    datasets = [pads.dataset(path) for path in paths]
    for pair in (sides, paths, tables, datasets, [read_frame(path) for path in paths]):
        result = dl.detect_drift(*pair)
        pd.testing.assert_frame_equal(result.table, expected, rtol=1e-9)
        assert dl.fit_domain(*pair).features == ["x"] or pair is datasets
    note = "before.parquet has the index 'order', which is compared only if features= names it"
    assert (
        dl.detect_drift(*paths).notes[0] == dl.Baseline.fit(read_frame(paths[0])).notes[0] == note
    )
    assert dl.detect_drift(*paths, features=["x", "order"]).drifted == ["order"]
    days = before.set_index(pd.date_range("2024-01-01", periods=300, name="day"))
    days.to_parquet(tmp_path / "days.parquet")
    assert dl.Baseline.fit(tmp_path / "days.parquet", timestamp="day").unit.column == "day"


def test_a_counter_is_not_compared_and_can_be_forced():
    before, now = _periods()
    counters = {
        "id": (np.arange(1500) + 1, np.arange(1500) + 1501),
        "epoch": (
            1_700_000_000 + np.cumsum(np.random.default_rng(0).integers(1, 900, 1500)),
            1_710_000_000 + np.arange(1500),
        ),
    }
    before, now = (
        part.assign(**{name: pair[side] for name, pair in counters.items()})
        for side, part in enumerate((before, now))
    )
    table = dl.detect_drift(before, now).table
    assert table.loc[["id", "epoch"], "kind"].tolist() == ["identifier"] * 2
    assert table.loc[["id", "epoch"], "severity"].tolist() == ["none"] * 2
    assert "counts up (from 1 to 1500)" in table.loc["id", "note"]
    assert dl.detect_drift(before, now, features=["x", "id"]).drifted == ["id"]
    assert not dl.drift_trend(before, now, window=500).table["drifted"].any()
    found = dl.diagnose(before, now)
    assert found.verdict == dl.diagnose(before[["x", "y_true", "y_pred"]], now).verdict
    assert found.verdict != "undetermined"
    assert found.domain.features == ["x"]
    domain = dl.fit_domain(before, now)
    assert domain.features == ["x"]
    assert "counts up" in domain.skipped["id"]


def test_a_counter_is_told_by_what_follows_where_rows_have_no_order(monkeypatch, tmp_path, rng):
    def unordered(data, role, name, as_written=None):
        return Memory(name, data, ordered=False)

    monkeypatch.setattr("driftlib.profile.baseline.open_source", unordered)
    ids = rng.permutation(4000)
    before = pd.DataFrame({"id": ids, "cents": rng.integers(0, 10**6, 4000), "x": ids % 50})
    later = before.assign(id=ids + 4000)
    saved = dl.Baseline.load(dl.Baseline.fit(before).save(tmp_path / "baseline.json"))
    for baseline in (dl.Baseline.fit(before), saved):
        result = dl.detect_drift(baseline, later)
        assert (result.table.loc["id", "kind"], result.drifted) == ("identifier", [])
        assert "(from 0 to 3999, then from 4000 to 7999)" in result.table.loc["id", "note"]
        assert result.table.loc[["cents", "x"], "psi"].eq(0).all()
        same = dl.detect_drift(baseline, before).table.loc["id"]
        assert (same["kind"], same["psi"]) == ("numeric", 0)
        assert dl.detect_drift(baseline, later, features=["id", "x"]).drifted == ["id"]
        # What overlaps, or lies far off, is a measurement that has changed.
        for moved in (before.assign(id=ids + 3000), before.assign(id=ids + 90_000)):
            assert dl.detect_drift(baseline, moved).drifted == ["id"]
        assert dl.detect_drift(baseline, before.assign(x=before["x"] + 50)).drifted == ["x"]
    both = pd.concat([later, later.assign(id=ids + 8000)], ignore_index=True)
    windows = dl.drift_trend(saved, both.assign(part=both.index // 4000), window="part")
    assert not windows.table["drifted"].any()


def test_a_counter_is_told_alike_in_memory_and_streamed(tmp_path):
    rows = 250_000
    frame = pd.DataFrame(
        {"id": np.arange(rows) * 3, "x": np.random.default_rng(0).normal(size=rows)}
    )
    frame.to_parquet(tmp_path / "f.parquet")
    whole, streamed = dl.Baseline.fit(frame), dl.Baseline.fit(tmp_path / "f.parquet")
    assert whole.columns["id"].note == streamed.columns["id"].note
    assert whole.columns["id"].kind == streamed.columns["id"].kind == "identifier"


@pytest.mark.parametrize("seed", range(5))
def test_a_sorted_measurement_is_no_counter(seed):
    rng = np.random.default_rng(seed)
    for values in (
        np.sort(rng.normal(5e6, 1e6, 1000).astype(int)),
        np.sort(rng.lognormal(14, 1, 1000).astype(int)),
        np.sort(rng.random(1000)),
        np.sort(rng.integers(18, 90, 1000)),
    ):
        assert dl.Baseline.fit(pd.DataFrame({"x": values})).columns["x"].kind == "numeric"


def test_excluded_columns_are_never_compared(tmp_path):
    before, now = _periods()
    before, now = before.assign(w=1.0, z=before["x"]), now.assign(w=2.0, z=now["x"] + 9)
    options = {"exclude": ["w", "z"]}
    assert dl.Baseline.fit(before, **options).features == ["x"]
    assert dl.detect_drift(before, now, **options).drifted == []
    saved = dl.Baseline.fit(before)
    assert dl.detect_drift(saved, now, **options).table.index.tolist() == ["x", "y_pred", "y_true"]
    assert not dl.drift_trend(before, now, window=500, **options).table["drifted"].any()
    assert dl.fit_domain(before, now, **options).features == ["x"]
    assert dl.diagnose(before, now, **options).domain.features == ["x"]
    with pytest.raises(dl.DriftlibError, match="no column 'zz'"):
        dl.detect_drift(before, now, exclude=["zz"])
    with pytest.raises(dl.DriftlibError, match="in features= and in exclude="):
        dl.detect_drift(before, now, features=["x"], exclude=["x"])


def test_a_longer_name_is_a_feature_where_the_probability_has_its_own_column():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "score": rng.random(500),
            "score_bureau": rng.normal(600, 50, 500),
            "y_true": rng.integers(0, 2, 500),
        }
    )
    moved = frame.assign(score_bureau=frame["score_bureau"] + 200)
    assert dl.detect_drift(frame, moved, y_proba="score").drifted == ["score_bureau"]


def test_questions_of_two_frames_read_a_csv_as_the_other_side_knows_it(tmp_path):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "code": rng.choice(["007", "7", "NA"], 900),
            "y_true": rng.choice(["01", "1"], 900),
            "x": rng.normal(size=900),
        }
    )
    frame["y_pred"] = frame["y_true"]
    frame.to_csv(tmp_path / "f.csv", index=False)
    frame.to_parquet(tmp_path / "f.parquet")
    csv, parquet = tmp_path / "f.csv", tmp_path / "f.parquet"
    expected = dl.fit_domain(frame, frame)
    for pair in ((csv, parquet), (parquet, csv), (frame, csv)):
        assert dl.fit_domain(*pair).auc == expected.auc
        assert dl.diagnose(*pair, positive="1").verdict == "stable"
    found = dl.track_performance(csv, reference=parquet, positive="1")
    assert found.table.set_index("metric").loc["accuracy", "value"] == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("s3://bucket/a.parquet", "download it, or pass a frame"),
        ("https://example.org/a.csv", "download it, or pass a frame"),
        ("a\0b.csv", "check the path"),
        ("a" * 5000 + ".csv", "check the path"),
        ("~nobody/a.csv", "does not exist"),
    ],
)
def test_paths_that_cannot_be_read_get_a_short_sentence(path, words):
    with pytest.raises(dl.DriftlibError, match=words) as caught:
        dl.detect_drift(pd.DataFrame({"x": [1.0, 2.0]}), path)
    assert len(str(caught.value)) < 400


def test_files_that_are_no_files_or_damaged_get_a_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    pd.DataFrame({"x": np.arange(9.0)}).to_csv(tmp_path / "f.CSV.GZ", compression="gzip")
    content = (tmp_path / "f.CSV.GZ").read_bytes()
    (tmp_path / "bad.csv.gz").write_bytes(content[:12] + b"\xff" * 20 + content[32:])
    reference = pd.DataFrame({"x": np.arange(9.0)})
    assert dl.Baseline.fit(tmp_path / "f.CSV.GZ").features == ["x"]
    for name, words in {"pipe.csv": "pipe", "bad.csv.gz": "write it again"}.items():
        with pytest.raises(dl.DriftlibError, match=words):
            dl.detect_drift(reference, tmp_path / name)


def test_names_that_are_odd_and_files_that_are_not_for_us(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reference = pd.DataFrame({"x": np.arange(9.0)})
    for name in ("~x.csv", os.fsdecode(b"caf\xe9.csv"), os.fsdecode(b"caf\xe9.parquet")):
        write = reference.to_csv if name.endswith("csv") else reference.to_parquet
        write("plain", index=False)
        os.rename("plain", name)
        assert dl.detect_drift(reference, name).table.loc["x", "psi"] == 0
        pd.testing.assert_frame_equal(read_frame(name), reference)
    (tmp_path / os.fsdecode(b"bad\xe9.csv")).write_text("x,y\n1\n")
    with pytest.raises(dl.DriftlibError) as caught:
        read_frame("bad*.csv")
    assert str(caught.value).encode().startswith(b"bad\\udce9.csv cannot be read as CSV")
    os.mkfifo("pipe.csv")
    with pytest.raises(dl.DriftlibError, match=r"^pipe\.csv is a pipe or a device"):
        read_frame("p*.csv")
    real = open
    monkeypatch.setattr("builtins.open", lambda path, *a, **k: _refused(real, path, *a, **k))
    (tmp_path / "mine.csv").write_text("x\n1\n")
    with pytest.raises(dl.DriftlibError, match=r"^mine\.csv cannot be read \(Permission denied\)"):
        read_frame("mine.csv")


def _refused(real, path, *more, **options):
    if str(path).endswith("mine.csv"):
        raise PermissionError(13, "Permission denied")
    return real(path, *more, **options)


def test_a_saved_baseline_may_begin_with_a_mark(tmp_path):
    path = dl.Baseline.fit(pd.DataFrame({"x": np.arange(9.0)})).save(tmp_path / "b.json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert dl.Baseline.load(path).rows == 9
