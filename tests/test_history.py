"""The history: night after night the same as all at once, once each, whole or not at all."""

import os
import threading
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

import driftlib as dl
from driftlib.alerts import AlertPolicy
from driftlib.cli import main
from driftlib.history import codec, digest, schema
from driftlib.history.overview import overview
from driftlib.profile.profile import NumericCounts

DAY = pd.Timestamp("2024-03-01")


def night(rng, day, shift=0.0, rows=120, wrong=0.1):
    times = DAY + pd.Timedelta(days=day) + pd.to_timedelta(rng.uniform(0, 86_400, rows), unit="s")
    labels = rng.integers(0, 2, rows)
    told = np.where(rng.random(rows) < wrong, 1 - labels, labels)
    frame = pd.DataFrame({"t": times.sort_values(), "x": rng.normal(shift, 1, rows)})
    return frame.assign(c=rng.choice(list("abc"), rows), y_true=labels, y_pred=told)


@pytest.fixture
def baseline(rng):
    days = pd.concat([night(rng, day) for day in range(-30, 0)])
    return dl.Baseline.fit(days.drop(columns=["y_true", "y_pred"]), timestamp="t", resolution=50)


@pytest.fixture
def place(tmp_path):
    """A file, or the database that DRIFTLIB_TEST_DATABASE names, emptied."""
    url = os.environ.get("DRIFTLIB_TEST_DATABASE")
    if url:
        engine = sa.create_engine(url)
        schema.TABLES.drop_all(engine)
        engine.dispose()
    return url or str(tmp_path / "drift.db")


def content(history):
    """Everything in a history, but for the moments at which it was written."""
    found = {}
    with history.database.read() as connection:
        for name, table in schema.TABLES.tables.items():
            rows = connection.execute(sa.select(table).order_by(*table.primary_key))
            frame = pd.DataFrame(rows.mappings().all(), columns=[c.name for c in table.c])
            moments = {"recorded", "opened", "closed", "created", "sent", "host", "tries"}
            kept = frame.drop(columns=[c for c in frame if c == "id" or c in moments])
            found[name] = kept.drop(columns=[c for c in kept if c.endswith("_id")])
    return found


def test_sixty_nights(rng, baseline, place, monkeypatch):
    """A drift from night 30 to 44, file by file: one new, one over, whatever is killed."""
    baseline = baseline.only(["x"])
    nights = [night(rng, day, shift=1.2 * (30 <= day < 45)) for day in range(60)]
    sent = []
    monkeypatch.setattr(digest, "receiver_names", lambda urls: list(urls))

    def send(url, title, body):
        # The first message is not taken: it comes again with the next run.
        sent.append((title, body))
        return len(sent) > 1

    monkeypatch.setattr(digest, "send", send)
    history = dl.History(place, "churn")
    history.record(dl.drift_trend(baseline, pd.concat(nights[:29]), window="D"))
    # A file a night where something happens; others hold several.
    files = [*([day] for day in range(29, 35)), range(35, 43), *([d] for d in range(43, 48))]
    dying = {32, *rng.choice([29, 30, 31, 33, 34, 44, 46], 3, replace=False).tolist()}
    states = []
    for days in [*files, range(48, 60)]:
        day = days[0]
        found = dl.drift_trend(baseline, pd.concat([nights[d] for d in days]), window="D")
        if day in dying:
            before = content(history)
            statement = int(rng.integers(1, 12))
            with Killed(history.database, statement), pytest.raises(KeyboardInterrupt):
                history.record(found, receivers=["me"])
            pd.testing.assert_frame_equal(
                content(history)["driftlib_runs"], before["driftlib_runs"]
            )
        recorded = history.record(found, receivers=["me"])
        digest.tell(history.database, "churn", recorded, ["me"], "https://here")
        states += [(day, alert.state) for alert in recorded.alerts]
    assert [state for _, state in states if state != "continuing"] == ["new", "over"]
    assert [title for title, _ in sent] == ["churn: 1 new", "churn: 1 new", "churn: 1 over"]
    assert sent[0][1].startswith("Model churn on ")
    assert "[new, major] x drifted since 2024-03-31" in sent[0][1]
    assert sent[0][1].endswith("https://here")
    before = content(history)
    again = history.record(found, receivers=["me"])
    assert not again.fresh
    for name, frame in content(history).items():
        pd.testing.assert_frame_equal(frame, before[name])
    whole = dl.drift_trend(baseline, pd.concat(nights), window="D")
    pd.testing.assert_frame_equal(history.trend().table, whole.table, check_dtype=False)
    assert history.trend().rule == whole.rule
    if os.path.exists(place):
        assert os.path.getsize(place) < 60 * 3 * 4_000


class Killed:
    """Ends a run at one of its statements, as a reboot would."""

    def __init__(self, database, statement):
        self.engine, self.left = database.engine, statement

    def __enter__(self):
        sa.event.listen(self.engine, "before_cursor_execute", self._count)

    def __exit__(self, *_):
        sa.event.remove(self.engine, "before_cursor_execute", self._count)

    def _count(self, *_):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_counts_come_back_as_they_were(rng):
    rows = 3000
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=rows), "n": rng.integers(0, 9, rows), "empty": np.nan,
            "c": rng.choice(list("abcd"), rows), "big": rng.integers(2**60, 2**61, rows),
            "t": DAY + pd.to_timedelta(rng.uniform(0, 4, rows), unit="D"),
        }
    )  # fmt: skip
    baseline = dl.Baseline.fit(frame, timestamp="t")
    batch = frame[:500].assign(c=np.where(frame.index[:500] < 9, "new", frame["c"][:500]))
    batch.loc[5:50, "x"] = np.inf
    profile = baseline.profile(batch)
    for name, column in baseline.columns.items():
        packed = codec.pack_counts(profile.columns[name], column)
        assert len(packed) < 4_000
        found = codec.unpack_counts(packed, column)
        for item in fields(found):
            value, expected = (getattr(c, item.name) for c in (found, profile.columns[name]))
            if item.name == "gaps":
                # Each row's distance within its cell is rounded.
                cells = np.diff(column.grid.astype(float), prepend=np.nan, append=np.nan)
                slack = np.nan_to_num(cells) * profile.rows / 31 + 1e-9 * np.abs(expected)
                assert (np.abs(value - expected) <= slack).all()
            else:
                np.testing.assert_equal(value, expected)
        assert isinstance(found, NumericCounts) == isinstance(column.reference, NumericCounts)
    units = codec.unpack_units(codec.pack_units(profile.units), baseline.unit)
    np.testing.assert_equal(units.rows, profile.units.rows)
    np.testing.assert_equal(units.columns["c"].home, profile.units.columns["c"].home)


def test_rows_of_a_day_may_come_in_several_files(rng, baseline, place):
    nights = pd.concat([night(rng, day) for day in range(3)])
    history = dl.History(place)
    parts = np.array_split(np.arange(len(nights)), 4)
    for part in parts:
        history.record(dl.drift_trend(baseline, nights.iloc[part], window="D"))
    whole = dl.drift_trend(baseline, nights, window="D")
    trend = history.trend(profiles=True)
    close = ["wasserstein"]
    pd.testing.assert_frame_equal(
        trend.table.drop(columns=close), whole.table.drop(columns=close), check_dtype=False
    )
    np.testing.assert_allclose(trend.table[close], whole.table[close], atol=1e-3)
    month = sum(trend.profiles)
    assert (month.rows, dl.detect_drift(baseline, month).table.loc["x", "ks"]) == (
        len(nights),
        dl.detect_drift(baseline, nights).table.loc["x", "ks"],
    )


def test_a_season_is_taken_off_the_windows_of_a_history_too(rng, place):
    before = pd.concat([night(rng, day)[["t", "x"]] for day in range(-20, 0)])
    baseline = dl.Baseline.fit(before, timestamp="t", resolution=50, season="hour")
    nights = [night(rng, day, shift=1.0, rows=200)[["t", "x"]] for day in range(5)]
    history = dl.History(place)
    for rows in nights:
        history.record(dl.drift_trend(baseline, rows, window="D"))
    whole = dl.drift_trend(baseline, pd.concat(nights), window="D")
    assert whole.lasting
    found = history.trend()
    pd.testing.assert_frame_equal(found.table, whole.table, check_dtype=False)
    assert found.rule == whole.rule


def test_rows_that_are_known_are_not_counted_twice(rng, baseline, place):
    """As a glob over more and more files, or a file of today that grows, is checked again."""
    nights = pd.concat([night(rng, day) for day in range(3)])
    history = dl.History(place)

    def record(rows, source):
        return history.record(dl.drift_trend(baseline, rows, window="D"), source=source)

    first, half = nights[nights["t"] < "2024-03-02"], nights.iloc[:180]
    record(first.iloc[:50], "a")
    record(first.iloc[50:], "b")
    assert not record(first, "all of the day").fresh
    assert record(half, "growing.csv").run == 3
    grown = record(nights, "growing.csv")
    assert grown.fresh
    assert not record(nights, "a copy of it.csv").fresh
    whole = dl.drift_trend(baseline, nights, window="D")
    close = ["wasserstein"]
    pd.testing.assert_frame_equal(
        grown.trend.table.drop(columns=close), whole.table.drop(columns=close), check_dtype=False
    )


@pytest.mark.parametrize("window", ["2D from 2024-02-01", "6h"])
def test_windows_of_several_days_and_of_hours_fit_one_another(rng, place, window):
    """Files of a day each, of which some end in the middle of a window."""
    before = pd.concat([night(rng, day)[["t", "x"]] for day in range(-20, 0)])
    baseline = dl.Baseline.fit(before, timestamp="t", resolution=50, unit="6h")
    nights = [night(rng, day)[["t", "x"]] for day in range(3)]
    history = dl.History(place)
    for rows in nights:
        history.record(dl.drift_trend(baseline, rows, window=window))
    whole, found = dl.drift_trend(baseline, pd.concat(nights), window=window), history.trend()
    assert [w.start for w in found.windows] == [w.start for w in whole.windows]
    close = ["wasserstein"]
    pd.testing.assert_frame_equal(
        found.table.drop(columns=close), whole.table.drop(columns=close), check_dtype=False
    )


def test_two_writers_lose_nothing(rng, baseline, place):
    found = [dl.drift_trend(baseline, night(rng, day), window="D") for day in range(6)]

    def write(own):
        history = dl.History(place)
        for trend in own:
            history.record(trend)

    threads = [threading.Thread(target=write, args=(found[side::2],)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = dl.History(place)
    assert len(history.runs()) == len(history.trend().windows) == 6


def test_late_labels_rewrite_metrics_and_keep_the_old(rng, baseline, place):
    history = dl.History(place)
    rows = night(rng, 0)
    drift = dl.drift_trend(baseline, rows, window="D")
    some = rows.assign(y_true=rows["y_true"].where(np.arange(len(rows)) < 60))
    window = {"window": "D", "timestamp": "t", "metrics": ["accuracy"], "unit": "row"}
    first = dl.track_performance(some, thresholds={"accuracy": 0.97}, **window)
    full = dl.track_performance(rows, thresholds={"accuracy": 0.97}, **window)
    assert history.record(drift, first).fresh
    recorded = history.record(drift, full)
    assert not recorded.fresh
    (now,), (then,) = history.metrics()["value"], history.former_metrics()["value"]
    assert (then, now) == (first.table["value"].item(), full.table["value"].item())
    history.record(drift, full)
    assert len(history.former_metrics()) == 1
    bad = dl.track_performance(rows.assign(y_pred=0), thresholds={"accuracy": 0.97}, **window)
    (alert,) = history.record(drift, bad).alerts
    assert (alert.kind, alert.subject, alert.state) == ("performance", "accuracy", "new")


def test_stored_metrics_are_followed_like_those_of_all_nights_at_once(rng, baseline, place):
    before = pd.concat([night(rng, day) for day in range(-20, 0)])
    nights = [night(rng, day, wrong=0.1 + 0.15 * (day >= 6)) for day in range(11)]
    options = {"window": "D", "timestamp": "t", "metrics": ["accuracy"], "reference": before}
    history = dl.History(place)
    for rows in (pd.concat(nights[:8]), *nights[8:]):
        found = dl.drift_trend(baseline, rows, window="D")
        recorded = history.record(found, dl.track_performance(rows, **options))
    whole = dl.track_performance(pd.concat(nights), **options)
    (stored,) = recorded.performance
    columns = ["window", "start", "value", "evidence", "since", "over", "alarm"]
    pd.testing.assert_frame_equal(
        stored.table[columns], whole.table[columns], check_dtype=False, check_index_type=False
    )
    assert stored.rule == whole.rule
    assert stored.table["alarm"].any()


def test_batches_without_times_alerts_and_their_silence(rng, place):
    baseline = dl.Baseline.fit(pd.DataFrame({"x": rng.normal(size=2000)}))
    history = dl.History(place, "a")

    def record(shift):
        batch = pd.DataFrame({"x": rng.normal(shift, 1, 1500)})
        return history.record(dl.detect_drift(baseline, batch), policy=AlertPolicy())

    steps = [record(shift) for shift in (0, 0, 0.42, 0.42)]
    states = [[a.state for a in step.alerts] for step in steps]
    assert states == [[], [], ["new"], ["continuing"]]
    assert steps[-1].failed
    (known,) = history.alerts().to_dict("records")
    history.acknowledge(known["id"], word="known")
    assert not record(0.42).failed
    worse = record(3.0)
    assert [alert.state for alert in worse.alerts] == ["worse"]
    assert worse.failed
    history.acknowledge(known["id"], until="2999-01-01")
    assert not record(3.0).failed
    assert [a.state for step in (record(0.0), record(0.0)) for a in step.alerts] == [
        "continuing",
        "over",
    ]
    assert record(0.0).alerts == ()
    with pytest.raises(dl.DriftlibError, match="no alert 99"):
        history.acknowledge(99)
    frame = night(rng, 0)[["t", "x"]]
    days = dl.drift_trend(frame, frame, window="D", on="t", timestamp="t")
    with pytest.raises(dl.DriftlibError, match="is of windows of whole batches"):
        history.record(days)


def test_the_command_line_keeps_and_shows_a_history(rng, place, tmp_path, capsys, baseline):
    path, saved = place, str(tmp_path / "b.json")
    baseline.save(saved)
    assert main(["history", path]) == 0
    assert main(["history", path, "--html", str(tmp_path / "none.html")]) == 0
    assert "nothing in this history yet" in capsys.readouterr().out
    for day in (1, 2):
        file = str(tmp_path / f"{day}.parquet")
        night(rng, day).drop(columns=["y_true", "y_pred"]).to_parquet(file)
        for model in ("one", "two"):
            command = ["check", saved, file, "--history", path, "--model", model]
            shift = ["--exclude", "x"] if model == "one" else []
            assert main([*command, *shift, "--quiet"]) == 0
    night(rng, 3).assign(x=np.nan).to_parquet(file)
    bad = ["check", saved, file, "--history", path, "--model", "two", "--keep", "long"]
    assert main(bad) == 2
    capsys.readouterr()
    assert main(["check", saved, file, "--history", path, "--model", "two"]) == 1
    assert "[alert 1, new, major] x drifted" in capsys.readouterr().out
    assert main(["history", path]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["two", "major", "1"], ["one", "none", "0"]]
    assert overview(dl.History(path).database)["windows"].tolist() == [3, 2]
    page = tmp_path / "models.html"
    assert main(["history", path, "--html", str(page)]) == 0
    text = page.read_text()
    assert text.count("<h1>") == 1
    assert text.index("two") < text.index(">one<")
    assert "x drifted" in text
    assert main(["history", path, "--model", "two", "--html", str(page)]) == 0
    text = page.read_text()
    assert [text.count(f"<h2>{title}") for title in ("Alerts: 1 open", "Metrics", "Runs")] == [
        1,
        1,
        1,
    ]
    assert 'id="chart-1"' in text
    assert main(["alerts", "list", "--history", path, "--model", "two"]) == 0
    assert main(["alerts", "ack", "1", "--history", path, "--model", "two"]) == 0
    keep = ["--quiet", "--keep", "1D"]
    assert main(["check", saved, file, "--history", path, "--model", "two", *keep]) == 0
    out = tmp_path / "t.parquet"
    options = ["--model", "two", "--table", "trend", "--export", str(out)]
    assert main(["history", path, *options]) == 0
    assert pd.read_parquet(out)["window"].tolist() == [0, 0, 1, 1]
    assert main(["history", path, "--model", "two", "--prune", "2024-03-04"]) == 0
    assert [str(w.start.date()) for w in dl.History(path, "two").trend().windows] == ["2024-03-04"]
    assert main(["history", path, "--model", "three"]) == 2
    assert "it has: 'one', 'two'" in capsys.readouterr().err


def test_what_cannot_be_kept_is_said_without_secrets(rng, baseline, place):
    history = dl.History(place)
    found = dl.drift_trend(baseline, night(rng, 0), window="7D")
    with pytest.raises(dl.DriftlibError, match="begin where a batch begins"):
        history.record(found)
    for wrong in (
        "+nothing://me:secret@localhost/drift", "://me:se@secret@localhost/drift", "://me:secret@h:p/d",
        "+psycopg:/me:secret@localhost/d", "+psycopg://localhost:1/d?password=secret",
        "://me:${NO_SUCH}:secret@localhost/d",
    ):  # fmt: skip
        with pytest.raises(dl.DriftlibError) as caught:
            dl.History(f"postgresql{wrong}")
        assert "secret" not in str(caught.value)
    with history.database.write() as connection:
        connection.execute(schema.meta.update().values(value="99"))
    with pytest.raises(dl.DriftlibError, match="written by a newer driftlib"):
        dl.History(place)
