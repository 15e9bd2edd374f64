"""Alerts: what becomes one, how they are written, and that sending never loses or leaks one."""

import http.server
import json
import logging
import sys
import threading
import warnings

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib import AlertPolicy
from driftlib.alerts import Alert, deliver, make_alerts, save_alerts


@pytest.fixture
def reference(rng):
    return pd.DataFrame(
        {"x": rng.normal(size=1000), "c": rng.choice(["a", "b"], 1000), "y_true": [0, 1] * 500}
    )


def predictions(rng, rows, errors):
    true = np.arange(rows) % 2
    wrong = rng.permutation(rows) < round(errors * rows)
    return pd.DataFrame({"y_true": true, "y_pred": np.where(wrong, 1 - true, true)})


def test_no_alert_when_all_is_well(reference):
    assert make_alerts(dl.detect_drift(reference, reference)) == ()
    trend = dl.drift_trend(reference, reference, window=500)
    assert make_alerts(trend) == ()


def test_kinds_of_drift(reference, rng):
    current = reference.assign(
        x=reference["x"].mask(rng.random(1000) < 0.3),
        c=np.where(rng.random(1000) < 0.5, "b", reference["c"]),
        y_true=(rng.random(1000) < 0.9).astype(int),
    )
    alerts = make_alerts(dl.detect_drift(reference, current))
    assert {alert.subject: alert.kind for alert in alerts} == {
        "x": "data quality",
        "c": "data drift",
        "y_true": "target drift",
    }
    assert [alert.severity for alert in alerts] == sorted(a.severity for a in alerts)
    message = next(alert.message for alert in alerts if alert.subject == "x")
    assert "missing, was 0 %" in message


def test_an_absent_feature_is_a_matter_of_data_quality(reference):
    (alert,) = make_alerts(dl.detect_drift(reference, reference.drop(columns="x")))
    assert (alert.kind, alert.severity) == ("data quality", "major")
    assert alert.message == "x: absent from the current data"


def test_a_trend_has_one_alert_a_feature_with_its_latest_window(reference, rng):
    current = pd.concat([reference, reference.assign(x=reference["x"] + 1)] * 2)
    trend = dl.drift_trend(reference, current, window=1000)
    (alert,) = make_alerts(trend)
    assert (alert.subject, alert.window, alert.severity) == ("x", 3, "major")
    assert alert.message.startswith(
        "x drifted in 2 of 4 windows (first row 1,001, last row 3,001; continuing): latest row "
        "3,001 (major): shifted up"
    )
    assert make_alerts(trend, policy=AlertPolicy(persistence=(2, 2))) == ()
    assert len(make_alerts(trend, policy=AlertPolicy(persistence=(2, 3)))) == 1


def test_unknown_keywords_get_a_suggestion(reference):
    with pytest.raises(dl.DriftlibError, match=r"no argument 'polcy'.*Did you mean 'policy'"):
        make_alerts(dl.detect_drift(reference, reference), polcy=AlertPolicy())


def test_an_alert_of_a_metric_names_its_segments(rng):
    bad, good = predictions(rng, 400, 0.4), predictions(rng, 400, 0.0)
    frame = pd.concat([bad.assign(shop="A", new=True), good.assign(shop="B", new=True)])
    perf = dl.track_performance(
        frame, by=["shop", "new"], metrics=["accuracy"], thresholds={"accuracy": 0.9}
    )
    (alert,) = make_alerts(perf)
    assert alert.subject == "accuracy where shop = A and new = True"
    assert alert.message.startswith("Accuracy where shop = A and new = True is beyond")


def test_minor_drift_only_on_request(rng):
    reference = pd.DataFrame({"x": rng.normal(size=3000)})
    nudged = reference + 0.2
    for result in (
        dl.detect_drift(reference, nudged),
        dl.drift_trend(reference, nudged, window=1500),
    ):
        assert make_alerts(result) == ()
        (alert,) = make_alerts(result, policy=AlertPolicy(severity="minor"))
        assert alert.severity == "minor"


def test_performance_alerts_only_beyond_noise(rng):
    frame = pd.concat(
        [predictions(rng, 1000, 0.1), predictions(rng, 60, 0.23), predictions(rng, 1000, 0.4)]
    )
    frame["part"] = np.repeat(["good", "small", "zbad"], [1000, 60, 1000])
    perf = dl.track_performance(
        frame, window="part", metrics=["accuracy"], thresholds={"accuracy": 0.8}
    )
    (alert,) = make_alerts(perf)
    assert (alert.kind, alert.subject, alert.window) == ("performance", "accuracy", 2)
    assert alert.severity == "major"
    assert "in 1 of 3 windows (zbad; new): " in alert.message
    assert alert.message.startswith("Accuracy is beyond its threshold of 0.800 by more than noise")
    breached = make_alerts(perf, policy=AlertPolicy(performance="breached"))
    assert len(breached) == 1
    assert "once by more than noise, in 2 of 3 windows" in breached[0].message


def test_alerts_tell_the_worst_and_the_latest_window_each_by_its_own_numbers(rng):
    reference = predictions(rng, 2000, 0.1).assign(x=rng.normal(size=2000))
    parts = [
        predictions(rng, 2000, e).assign(x=rng.normal(s, 1, 2000))
        for e, s in ((0.1, 0), (0.5, 3), (0.3, 0.4))
    ]
    current = pd.concat(parts, ignore_index=True)
    trend = dl.drift_trend(reference[["x"]], current[["x"]], window=2000)
    (alert,) = make_alerts(trend)
    table = trend.table.set_index("window")
    assert table["severity"].tolist() == ["none", "major", "moderate"]
    assert alert.severity == "moderate"
    assert alert.message.endswith(
        f"latest row 4,001 (moderate): {table['note'][2]}; worst row 2,001 (major): "
        f"{table['note'][1]}"
    )
    perf = dl.track_performance(
        current,
        window=2000,
        metrics=["accuracy"],
        reference=reference,
        thresholds={"accuracy": "-0.05"},
    )
    (alert,) = make_alerts(perf)
    value = perf.table["value"]
    assert f": latest row 4,001 {value[2]:.3f} (" in alert.message
    assert f"; worst row 2,001 {value[1]:.3f} (" in alert.message
    assert alert.message.endswith("; reference 0.900")


def test_the_budget_of_a_policy_decides_how_strange_an_alarm_must_be():
    """64 wrong of 200 against 40: enough at 25 %, and not at 0.2 %."""

    def rows(bad):
        return pd.DataFrame({"y_true": 1, "y_pred": [int(i >= bad) for i in range(100)] * 2})

    found = {
        budget: dl.track_performance(
            rows(32), reference=rows(20), metrics=["accuracy"], unit="row",
            policy=AlertPolicy(budget=budget),
        )
        for budget in (0.5, 0.004)
    }  # fmt: skip
    assert [perf.table["alarm"].tolist() for perf in found.values()] == [[True], [False]]
    assert "at most 25 %" in found[0.5].rule
    assert "at most 0.2 %" in found[0.004].rule
    assert len(make_alerts(found[0.5])) == 1
    with pytest.raises(dl.DriftlibError, match=r"budget of 0.2 .* pass the policy to track_perf"):
        make_alerts(found[0.5], policy=AlertPolicy(budget=0.2))


def test_segments_are_subjects(rng):
    frame = predictions(rng, 2000, 0.05).assign(carrier="AA")
    worse = predictions(rng, 1000, 0.5).assign(carrier="MQ")
    perf = dl.track_performance(
        pd.concat([frame, worse]),
        by=["carrier"],
        metrics=["accuracy"],
        thresholds={"accuracy": 0.8},
    )
    (alert,) = make_alerts(perf)
    assert alert.subject == "accuracy where carrier = MQ"


def test_saved_alerts_are_a_list_of_objects(tmp_path, reference):
    empty = save_alerts(tmp_path / "alerts.json", ())
    assert json.loads(empty.read_text()) == []
    alerts = make_alerts(dl.detect_drift(reference, reference.assign(x=9.0)))
    (entry,) = json.loads(save_alerts(tmp_path / "alerts.json", alerts).read_text())
    assert list(entry) == ["kind", "subject", "window", "severity", "message", "state"]


def test_a_diagnosis_alarms_by_its_verdict_and_never_where_it_cannot_tell():
    def period(seed, center=0.0, lift=0.0):
        rng = np.random.default_rng(seed)
        x = rng.normal(center, 1, 3000)
        likely = 1 / (1 + np.exp(-2 * x))
        y = rng.random(3000) < 1 / (1 + np.exp(-2 * x - lift))
        return pd.DataFrame({"x": x, "y_true": y.astype(int), "y_proba": likely})

    reference = period(0)
    swapped = period(4).assign(y_true=lambda f: 1 - f["y_true"])
    for current, kinds in [
        (period(1), []),
        (period(2, lift=2.0), [("concept drift", "(brier)")]),
        (period(3, center=8.0).drop(columns="y_true"), []),
        (swapped, [("data quality", "(labels)")]),
    ]:
        why = dl.diagnose(reference, current, unit="row")
        alerts = make_alerts(why)
        assert [(alert.kind, alert.subject) for alert in alerts] == kinds, why.verdict
        # The same thing found twice is one alert.
        assert make_alerts(why, why) == alerts
        for alert in alerts:
            assert (alert.severity, alert.window) == ("major", None)
            assert (why.suspect or why.headline) in alert.message


def test_policy_and_results_are_checked():
    for arguments, message in [
        ({"severity": "none"}, "severity='none' is not known"),
        ({"performance": "late"}, "performance='late' is not known"),
        ({"persistence": (0, 1)}, "1 <= k <= n"),
    ]:
        with pytest.raises(dl.DriftlibError, match=message):
            AlertPolicy(**arguments)
    with pytest.raises(dl.DriftlibError, match="a DataFrame has no alerts"):
        make_alerts(pd.DataFrame())


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent; refuses whatever has "broken" in its path."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, json.loads(body)))
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.received = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_failing_receiver_costs_the_others_nothing_and_leaks_no_secret(receiver, caplog, capfd):
    pytest.importorskip("apprise")
    caplog.set_level(logging.DEBUG)
    port = receiver.server_port
    urls = [
        f"json://user:hunter2@127.0.0.1:{port}/broken/hunter2",
        "nonsense hunter2",
        "json://127.0.0.1:1/hunter2",
        f"json://127.0.0.1:{port}/good/hunter2",
    ]
    alerts = (Alert("data drift", "x", 3, "major", "x drifted in 2 of 4 windows"),)
    failures = deliver(alerts, urls, "Drift of churn")
    assert [failure.split(" did")[0] for failure in failures] == [
        "receiver 1 (json)", "receiver 2 (unreadable)", "receiver 3 (json)",
    ]  # fmt: skip
    path, message = receiver.received[-1]
    assert path == "/good/hunter2"
    assert message["title"] == "Drift of churn"
    assert message["message"] == "[major] x drifted in 2 of 4 windows"
    out, err = capfd.readouterr()
    assert "hunter2" not in "".join(failures) + caplog.text + out + err


@pytest.fixture
def loud(monkeypatch):
    """Apprise as a plug-in of the worst kind would have it: says its URL wherever it can."""
    apprise = pytest.importorskip("apprise")
    child = logging.getLogger("apprise.plugins.loud")
    monkeypatch.setattr(child, "level", logging.DEBUG)

    def say(url, *_, **__):
        child.critical("trying %s", url)
        logging.getLogger("smtplib.of.its.own").error("trying %s", url)
        print(f"trying {url}")
        print(f"trying {url}", file=sys.stderr)
        warnings.warn(f"trying {url}", stacklevel=1)
        raise RuntimeError(url)

    monkeypatch.setattr(apprise.Apprise, "add", lambda self, url: setattr(self, "url", url) or True)
    monkeypatch.setattr(apprise.Apprise, "notify", lambda self, **_: say(self.url))


def test_whatever_a_plug_in_says_is_kept_from_everyone(loud, caplog, capfd, recwarn):
    caplog.set_level(logging.DEBUG)
    alerts = (Alert("data drift", "x", 3, "major", "x drifted"),)
    failures = deliver(alerts, ["json://user:hunter2@127.0.0.1/"])
    assert failures == [
        "receiver 1 (json) did not take the alerts: check its URL and that it can be reached."
    ]
    out, err = capfd.readouterr()
    assert "hunter2" not in out + err + caplog.text + str([str(w.message) for w in recwarn])
    logging.getLogger("later").error("heard again")
    assert "heard again" in caplog.text


@pytest.mark.parametrize("url", ["hunter2://x", "https//hooks.example/hunter2 ://x", "hunter2:x"])
def test_what_is_no_url_is_named_by_its_number_only(url, capfd):
    pytest.importorskip("apprise")
    alerts = (Alert("data drift", "x", 3, "major", "x drifted"),)
    (failure,) = deliver(alerts, [url])
    assert failure.startswith("receiver 1 (unreadable) did not take the alerts")
    assert "hunter2" not in "".join([failure, *capfd.readouterr()])


def test_nothing_is_sent_when_there_is_nothing_to_say(receiver):
    assert deliver((), [f"json://127.0.0.1:{receiver.server_port}/"]) == []
    assert receiver.received == []
