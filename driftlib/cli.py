"""Run the commands `driftlib baseline`, `driftlib check` and `driftlib report`.

Nothing heavy is imported before it is needed, so that a check in cron starts at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from driftlib.errors import DriftlibError, MissingExtraError
from driftlib.severity import rank
from driftlib.text import printable

if TYPE_CHECKING:
    import pandas as pd

# Apprise URLs hold secrets: the environment, unlike arguments and parameter files, is not shown.
RECEIVERS = "DRIFTLIB_NOTIFY"
UNITS = "what rows were drawn in: 1D, row or a column (default: told by the time column)"
SEASONS = "compare like with like: hour, weekday or month, or columns a,b (default: all with all)"
TIME_FORMATS = "how times are written: s or ms (since 1970), excel, dayfirst, or a strptime pattern"
OK, FOUND, UNUSABLE = 0, 1, 2
DESCRIPTION = "Has a deployed model degraded, is it the data or the concept, and how sure are we?"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The process's exit code. 0: nothing found; 1: drift found, or a report failed; 2: the
        input cannot be used.
    """
    options = vars(_parser().parse_args(arguments))
    run = options.pop("run")
    try:
        return run(**options)
    except DriftlibError as error:
        print(f"driftlib: {printable(str(error))}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("driftlib: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (head, say) has gone; that is no fault of the check.
        sys.stderr.close()
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="driftlib", description=DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    baseline = commands.add_parser(
        "baseline",
        help="fit a baseline to reference data and save it",
        description="Fit a baseline to reference data and save it as one JSON file.",
    )
    baseline.set_defaults(run=_fit_baseline)
    baseline.add_argument("reference", metavar="REFERENCE", help="Parquet or CSV file, or a glob")
    baseline.add_argument("-o", "--output", default="baseline.json", help="default baseline.json")
    baseline.add_argument("--bins", type=int, default=10, help="PSI bins (default 10)")
    baseline.add_argument(
        "--resolution", type=int, default=2000, help="quantiles kept a feature (default 2000)"
    )
    baseline.add_argument(
        "--categorical", type=_names, default=(), help="columns to take as categories: a,b,c"
    )
    baseline.add_argument("--timestamp", help="column that says when a row was seen")
    baseline.add_argument("--time-format", help=TIME_FORMATS)
    for name in ("y-true", "y-pred", "y-proba"):
        column = name.replace("-", "_")
        baseline.add_argument(f"--{name}", default=column, help=f"column name (default {column})")
    _add_features(baseline)
    baseline.add_argument("--unit", default="auto", help=UNITS)
    baseline.add_argument("--season", type=_names, default=(), help=SEASONS)

    check = commands.add_parser(
        "check",
        help="compare a batch with a baseline; exit code 1 on drift",
        description="Compare a batch with a saved baseline. Exit code 0: no drift; 1: drift; "
        "2: the input cannot be used.",
    )
    check.set_defaults(run=_check_drift)
    check.add_argument("baseline", metavar="BASELINE", help="file written by driftlib baseline")
    check.add_argument("current", metavar="CURRENT", help="Parquet or CSV file, or a glob")
    check.add_argument(
        "--fail-on",
        choices=("minor", "moderate", "major"),
        default="moderate",
        help="least severity that counts as drift (default moderate)",
    )
    check.add_argument(
        "--json",
        dest="json_file",
        metavar="FILE",
        help="also write the result as JSON; - to print it",
    )
    check.add_argument("--alpha", type=float, default=0.05, help="false-alarm rate (default 0.05)")
    _add_features(check)
    check.add_argument("--unit", default="auto", help="only what the baseline was fitted with")
    check.add_argument("--season", type=_names, default=(), help="the same")

    report = commands.add_parser(
        "report",
        help="run the notebooks and write HTML reports",
        description="Run the notebooks on your data and write HTML reports, an index and the data "
        f"files behind them. Alerts go to the Apprise URLs in the variable {RECEIVERS}, if any.",
    )
    report.set_defaults(run=_make_report)
    report.add_argument("--reference", help="Parquet or CSV file; default: the flights of March")
    report.add_argument("--current", help="Parquet or CSV file; default: April to December")
    report.add_argument("--timestamp", help="column that says when a row was seen")
    report.add_argument("--time-format", help=TIME_FORMATS)
    _add_features(report)
    report.add_argument("--unit", help=UNITS)
    report.add_argument("--season", help=SEASONS)
    report.add_argument("--params", help="YAML file with parameters of the notebooks")
    report.add_argument("--output", help="folder to write to (default reports)")
    report.add_argument(
        "--evidently", action="store_true", help="write Evidently's report beside ours"
    )
    report.add_argument(
        "--fail-on-alert", action="store_true", help="exit code 1 when there is an alert"
    )
    return parser


def _add_features(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=_names, help="columns to compare: a,b,c (default all)")
    parser.add_argument(
        "--exclude", type=_names, default=(), help="columns never to compare: a,b,c"
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _fit_baseline(
    reference: str,
    output: str,
    bins: int,
    resolution: int,
    features: list[str] | None,
    exclude: Sequence[str],
    categorical: Sequence[str],
    timestamp: str | None,
    time_format: str | None,
    y_true: str,
    y_pred: str,
    y_proba: str,
    unit: str,
    season: Sequence[str],
) -> int:
    """Fit and save a baseline."""
    from driftlib.drift.units import unit_line
    from driftlib.profile.baseline import Baseline

    baseline = Baseline.fit(
        reference, bins, resolution, features=features, exclude=exclude,
        categorical=categorical, timestamp=timestamp, time_format=time_format, y_true=y_true,
        y_pred=y_pred, y_proba=y_proba, unit=unit, season=season,
    )  # fmt: skip
    path = baseline.save(output)
    print(f"{len(baseline.features)} features of {baseline.rows:,} rows saved to {path}")
    print(f"  {printable(unit_line(baseline.unit, (baseline.reference_units,)))}")
    _print_notes(baseline.notes, "  ")
    if baseline.season:
        print(f"  {printable(baseline.season.line)}")
    for name, column in baseline.columns.items():
        if column.note:
            print(f"  {printable(name)}: {printable(column.note)}")
    return OK


def _check_drift(
    baseline: str,
    current: str,
    fail_on: str,
    json_file: str | None,
    alpha: float,
    features: list[str] | None,
    exclude: Sequence[str],
    unit: str,
    season: Sequence[str],
) -> int:
    """Compare a batch with a saved baseline."""
    from driftlib.alerts import AlertPolicy, make_alerts
    from driftlib.drift.detect import detect_drift
    from driftlib.drift.policy import DriftPolicy
    from driftlib.files import write_json
    from driftlib.profile.baseline import Baseline

    result = detect_drift(
        Baseline.load(baseline),
        current,
        features=features,
        exclude=exclude,
        unit=unit,
        season=season,
        policy=DriftPolicy(alpha=alpha),
    )
    severities = result.table.loc[result.baseline.features, "severity"]
    found = severities.map(rank) >= rank(fail_on)
    alerts = make_alerts(result, policy=AlertPolicy(severity=fail_on))
    content = {**result.to_dict(), "alerts": [asdict(alert) for alert in alerts]}
    content |= {"fail_on": fail_on, "failed": bool(found.any())}
    if json_file == "-":
        print(json.dumps(content, indent=1, allow_nan=False))
    else:
        print(result.headline)
        print(printable(result.unit))
        _print_notes(result.notes)
        if result.season:
            print(printable(result.season))
        print(_text_table(result.table))
        if json_file:
            write_json(json_file, content)
    return FOUND if found.any() else OK


def _print_notes(notes: Sequence[str], indent: str = "") -> None:
    for note in notes:
        print(f"{indent}{printable(note)}.")


def _text_table(table: pd.DataFrame) -> str:
    """Write the columns of a drift table that fit a terminal, the worst first."""
    shown = table[["kind", "n_current", "psi", "q_value", "severity", "note"]].copy()
    order = -table["severity"].map(rank)
    shown = shown.iloc[order.argsort(kind="stable")]
    # Control characters in names from the data must not reach the terminal.
    shown.index = [printable(name) for name in shown.index]
    shown["note"] = [printable(note) for note in shown["note"]]
    return shown.to_string(
        na_rep="-", float_format=lambda value: f"{value:.3g}", formatters={"note": str.strip}
    )


def _make_report(
    reference: str | None,
    current: str | None,
    timestamp: str | None,
    time_format: str | None,
    features: list[str] | None,
    exclude: Sequence[str],
    unit: str | None,
    season: str | None,
    params: str | None,
    output: str | None,
    evidently: bool,
    fail_on_alert: bool,
) -> int:
    """Run the notebooks, write the reports, and send the alerts to whoever is to have them."""
    from driftlib.reporting import run_report

    given = {
        "reference": reference,
        "current": current,
        "timestamp": timestamp,
        "time_format": time_format,
        "features": features,
        "exclude": exclude or None,
        "unit": unit,
        "season": season,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    result = run_report(chosen, params=params, output=output, evidently=evidently)
    print(result.headline)
    _send(result.output / "alerts.json")
    return FOUND if result.failed or (fail_on_alert and result.alerts) else OK


def _send(path: Path) -> None:
    """Send what alerts.json holds to the receivers in the environment, if there are any."""
    urls = os.environ.get(RECEIVERS, "").split()
    if not urls or not path.exists():
        return
    from driftlib.alerts import Alert, deliver

    alerts = [Alert(**entry) for entry in json.loads(path.read_text(encoding="utf-8-sig"))]
    try:
        failures = deliver(alerts, urls)
    except MissingExtraError as error:
        failures = [str(error)]
    for failure in failures:
        print(f"driftlib: {failure}", file=sys.stderr)
