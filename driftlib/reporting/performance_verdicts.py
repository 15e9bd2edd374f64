"""Say in plain sentences whether the model got worse, and what the cause is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftlib.alerts import OVER, make_alerts
from driftlib.diagnosis.losses import BRIER
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.verdict import IMPROVED
from driftlib.performance.base_rates import BaseRates
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance
from driftlib.reporting.sections import Unavailable
from driftlib.text import listed, sentence, shortened, within
from driftlib.visualization.windows import WindowLabels, window_labels
from driftlib.written_numbers import percents


def performance_verdict(
    perf: Performance | Unavailable,
    estimate: Performance | Unavailable,
    everything: Diagnosis | Unavailable,
    why: Diagnosis | Unavailable | None = None,
    left_out: Sequence[str] = (),
    rates: BaseRates | Unavailable | None = None,
) -> str:
    """Say whether the model got worse, or can be expected to have, and what the cause is.

    Parameters
    ----------
    perf, estimate : Performance or Unavailable
        Of the watched metrics only, the most telling first. The estimate counts where there
        are no labels.
    everything : Diagnosis or Unavailable
        With all features: the one whose verdict counts. Nothing is said of the cause where it
        is not available.
    why : Diagnosis or Unavailable, optional
        Without the features `left_out`, which is worded as what it is.
    left_out : sequence of str
        Features that the second does without.
    rates : BaseRates or Unavailable, optional
        How common the positive label is, which losses follow.

    Returns
    -------
    str
        Plain sentences.
    """
    if not isinstance(perf, Unavailable):
        sentences = [_worst(perf)]
    elif not isinstance(estimate, Unavailable):
        sentences = [
            "There are no labels in the current data. Estimated without them: "
            f"{_worst(estimate)} This holds only if the same inputs still have the same outcomes."
        ]
    else:
        sentences = [f"Performance cannot be judged: {perf.reason}"]
    if not isinstance(everything, Unavailable):
        sentences.append(f"{_cause(perf, everything)}.")
        if isinstance(rates, BaseRates):
            sentences.append(share_words(everything, rates))
    if left_out and isinstance(why, Diagnosis):
        sentences.append(why.verdict_inputs.without(left_out))
    return " ".join(filter(None, sentences))


def _cause(perf: Performance | Unavailable, why: Diagnosis) -> str:
    """Say the cause; a loss that fell is no improvement where a watched metric is worse."""
    worse = isinstance(perf, Performance) and bool(perf.table["alarm"].any())
    name = f"{IMPROVED.capitalize()}: "
    if worse and why.headline.startswith(name):
        return f"Over all, {why.headline.removeprefix(name)}"
    return why.headline


def share_words(why: Diagnosis, rates: BaseRates) -> str:
    """Say how much of a changed Brier score may be due to how common the positive label is.

    Parameters
    ----------
    why : Diagnosis
        Of a loss that may be the Brier score.
    rates : BaseRates
        Of both periods.

    Returns
    -------
    str
        A sentence; empty where the loss is another, did not surely change, or the share moved
        it the other way.
    """
    if why.loss != BRIER or rates.reference is None or not rates.positive:
        return ""
    labelled = rates.table["n_labelled"]
    if not labelled.sum():
        return ""
    now = float((rates.table["actual"].fillna(0) * labelled).sum() / labelled.sum())
    before = float(rates.reference["actual"].iloc[0])
    guesses = now * (1 - now), before * (1 - before)
    total = why.terms.loc["total"].to_dict()
    lower, upper = total["lower"], total["upper"]
    sign = 1 if lower > 0 else -1 if upper < 0 else 0
    if not sign * (guesses[0] - guesses[1]) > 0 or not min(guesses) > 0:
        return ""
    pairs = zip((why.loss_current, why.loss_reference), guesses, strict=True)
    apart = [loss / guess - 1 for loss, guess in pairs]
    sizes = percents(*map(abs, apart))
    ends = [
        f"{size} {'higher' if a > 0 else 'lower'}" for size, a in zip(sizes, apart, strict=True)
    ]
    shares = percents(now, before)
    return (
        f"That score follows how common {shortened(rates.positive)} is, {shares[0]} now and "
        f"{shares[1]} in the reference: beside always guessing that share, the model's score is "
        f"{ends[0]} now and {ends[1]} in the reference."
    )


def _worst(perf: Performance) -> str:
    """Say which watched metrics are worse, or were; the worst and the latest value; the rest."""
    windows = window_labels(perf.table)
    worse = {
        str(name): part.loc[part["alarm"], "window"].tolist()
        for name, part in perf.table.groupby("metric", sort=False)
        if part["alarm"].any()
    }
    untold = "".join(f" {sentence(said)}" for said in (perf.cannot_tell, perf.held) if said)
    if not worse:
        first = str(perf.table["metric"].iloc[0])
        nothing_told = perf.untold == 1 or bool(perf.table["held"].all())
        finding = untold[1:] if nothing_told else f"{_nothing_worse(perf)}{untold}"
        return f"{finding} {METRICS[perf.task][first].title}: {_span(perf, first)}."
    states = {alert.subject: alert.state for alert in make_alerts(perf)}
    past = {name: found for name, found in worse.items() if states.get(name) == OVER}
    now = {name: found for name, found in worse.items() if name not in past}
    parts = [_one_worse(perf, windows, now, "is")] if now else ["No watched metric is worse now."]
    if past:
        parts.append(_one_worse(perf, windows, past, "was"))
    return f"{' '.join(parts)}{untold}"


def _one_worse(
    perf: Performance, windows: WindowLabels, worse: Mapping[str, Sequence[int]], verb: str
) -> str:
    """Say of the first metric what it was where it was worst and last, and name the others."""
    titles = METRICS[perf.task]
    name, *others = worse
    write = titles[name].write
    part = perf.table[(perf.table["metric"] == name) & perf.table["value"].notna()]
    values = dict(zip(part["window"].tolist(), part["value"].tolist(), strict=True))
    sign = 1 if titles[name].higher_is_better else -1
    worst = min(values, key=lambda window: sign * values[window])
    several, found = len(windows.labels) > 1, list(worse[name])
    also = ""
    if others:
        verbs, times = {"is": "are", "was": "were"}, " at times" if several else ""
        named = listed([titles[other].title for other in others], whole=True)
        also = f"; so {verb if len(others) == 1 else verbs[verb]} {named}{times}"
    when = f" {windows.among(found)}" if several else ""
    # Where it was worse in that window only, that is said already.
    where = f" {windows.place(worst)}" if several and found != [worst] else ""
    latest = ""
    if several and max(values) != worst:
        last = max(values)
        latest = f"{write(values[last])} {windows.place(last)}, "
    before = f"{write(_of_reference(perf, name))} in the reference"
    return (
        f"{titles[name].title} {verb} worse than tolerated{when}: {write(values[worst])}{where}, "
        f"{latest}{before}{also}."
    )


def _nothing_worse(perf: Performance) -> str:
    """Say that no metric alarms, and in how many windows one lies beyond its line all the same."""
    if perf.reference is None:
        return "There is no reference to compare the model's performance with."
    watched = perf.table["metric"].nunique() - len(perf.unmeasured)
    if not watched:
        return "No watched metric could be measured."
    which = "The watched metric is not" if watched == 1 else f"None of {watched} watched metrics is"
    titles, windows = METRICS[perf.task], perf.table["window"].nunique()
    counts = perf.table.groupby("metric", sort=False)[["degraded", "breached"]].sum()
    surely = ""
    # A value may lie beyond its limit, and chance explain it; of many windows, some do.
    for column, words in (
        ("degraded", f" by more than chance gives in {windows} windows; taken alone"),
        ("breached", " by more than noise; beyond its line, perhaps by chance"),
    ):
        found = counts.loc[counts[column] > 0, column]
        if len(found):
            named = [
                f"{within(titles[str(name)].title)} in {n} of {windows}"
                for name, n in found.items()
            ]
            told = f"{words}, {listed(named, len(named), whole=True)}"
            surely = told if windows > 1 else " by more than noise"
            break
    lacking = f" Not measured: {listed(perf.unmeasured, whole=True)}." if perf.unmeasured else ""
    return f"{which} worse than tolerated{surely}.{lacking}"


def _span(perf: Performance, metric: str) -> str:
    """Value of a metric, or its smallest and largest over the windows, beside the reference's."""
    values = perf.table.loc[perf.table["metric"] == metric, "value"].dropna()
    if values.empty:
        return "unknown"
    write = METRICS[perf.task][metric].write
    low, high = write(values.min()), write(values.max())
    span = low if low == high else f"{low} to {high}"
    if perf.reference is None:
        return span
    return f"{span}, {write(_of_reference(perf, metric))} in the reference"


def _of_reference(perf: Performance, metric: str) -> float:
    """Value of a metric in the reference; NaN where there is none."""
    if perf.reference is None:
        return float("nan")
    values = perf.reference.loc[perf.reference["metric"] == metric, "value"]
    return float(values.iloc[0])


def compared_without(left_out: Sequence[str]) -> str | Unavailable:
    """Say what verdicts mean that were found without features that changed.

    Parameters
    ----------
    left_out : sequence of str
        Those features.

    Returns
    -------
    str or Unavailable
        A sentence, where there are any.
    """
    if not left_out:
        return Unavailable("Every feature was compared.")
    return (
        f"Compared without {listed(left_out, 8)}: what changed with them counts here as other "
        "outcomes of the same inputs."
    )


def diagnosis_words(
    everything: Diagnosis | Unavailable, why: Diagnosis | Unavailable, left_out: Sequence[str]
) -> str | Unavailable:
    """Say the cause with all features, and without those that had to be left out.

    Parameters
    ----------
    everything : Diagnosis or Unavailable
        With all features: the one whose verdict counts.
    why : Diagnosis or Unavailable
        Without the features `left_out`.
    left_out : sequence of str
        Features that the second does without; empty where the two are one.

    Returns
    -------
    str or Unavailable
        Paragraphs with an empty line between them.
    """
    if isinstance(why, Unavailable):
        return why
    if not left_out:
        return f"{why.headline}.\n\n{why.reason}"
    first = (
        ""
        if isinstance(everything, Unavailable)
        else f"With all features: {everything.headline}.\n\n"
    )
    return f"{first}{why.verdict_inputs.without(left_out)}"
