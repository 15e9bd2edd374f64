"""Write what a check found as a text file that node_exporter's textfile collector reads."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftlib.alerts import OVER
from driftlib.cli.settings import DEFAULT_MODEL
from driftlib.severity import Severity, rank

if TYPE_CHECKING:
    from driftlib.cli.judging import Judged

Sample = tuple[dict[str, str], float]


def prometheus_text(judged: Judged) -> str:
    """Write what a check found in Prometheus' text format.

    Parameters
    ----------
    judged : Judged

    Returns
    -------
    str
        Gauges, labelled with the model, and with feature or metric.
    """
    model = judged.settings.model or DEFAULT_MODEL
    own = {"model": model}
    table = judged.drift.table
    severities: list[Sample] = []
    psi: list[Sample] = []
    missing: list[Sample] = []
    for name, row in table.iterrows():
        labels = own | {"feature": str(name), "kind": str(row["kind"])}
        severities.append((labels, float(rank(row["severity"]))))
        psi.append((labels, float(row["psi"])))
        missing.append((labels, float(row["missing_current"])))
    still = [alert for alert in judged.alerts if alert.state != OVER]
    counts = [
        (own | {"severity": level.value}, float(sum(a.severity == level for a in still)))
        for level in list(Severity)[1:]
    ]
    now = datetime.now(UTC).timestamp()
    metrics: list[Sample] = []
    if judged.performance is not None:
        for found in judged.performance.table.to_dict("records"):
            labels = own | {"metric": found["metric"], "estimated": str(found["estimated"]).lower()}
            # The last window wins where there are several.
            metrics = [sample for sample in metrics if sample[0] != labels]
            metrics.append((labels, float(found["value"])))
    return "".join(
        (
            _family("check_time_seconds", "When the check ran.", [(own, now)]),
            _family("check_failed", "Whether some alert is open.", [(own, float(judged.failed))]),
            _family("rows", "Rows of the batch.", [(own, float(judged.drift.current.rows))]),
            _family("alerts", "Open alerts.", counts),
            _family("severity", "0 none, 1 minor, 2 moderate, 3 major.", severities),
            _family("psi", "Population stability index.", psi),
            _family("missing_ratio", "Share of missing values.", missing),
            _family("metric", "Performance in the latest window.", metrics),
        )
    )


def _family(name: str, told: str, samples: Iterable[Sample]) -> str:
    known = [(labels, value) for labels, value in samples if not math.isnan(value)]
    if not known:
        return ""
    lines = [f"# HELP driftlib_{name} {told}", f"# TYPE driftlib_{name} gauge"]
    for labels, value in known:
        held = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"driftlib_{name}{{{held}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
