"""Diagnose why a model got worse: other inputs, or other outcomes for the same inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.frames import notes_of
from driftlib.data.schema import ColumnRoles
from driftlib.data.unit_choice import AUTO
from driftlib.diagnosis.decomposition import (
    TERMS,
    decompose,
    decompose_inputs,
    expected_losses,
    unknown_parts,
)
from driftlib.diagnosis.losses import Losses
from driftlib.diagnosis.prior import prior_shift_words
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.setup import DiagnosisSetup, Periods
from driftlib.diagnosis.suspicion import lost_labels, other_scores, suspicion
from driftlib.diagnosis.verdict import BOTH, CONCEPT, COVARIATE, TOTAL, VerdictInputs
from driftlib.domain.overlap import find_separating_features
from driftlib.domain.result import Domain
from driftlib.errors import ParameterError

# Rows of either period that are used to find the columns that tell them apart.
SEPARATING_ROWS = 10_000


@known_keywords()
def diagnose(
    reference: Any,
    current: Any,
    loss: str = "auto",
    minimum_effect: float = 0.01,
    seed: int = 0,
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    task: str = "auto",
    unit: str = AUTO,
    season: str | Iterable[str] | None = None,
    label_time: str | None = None,
    matures: str | None = None,
    holdout: bool | None = None,
    max_rows: int = 50_000,
    domain: Domain | None = None,
) -> Diagnosis:
    """Tell data drift from concept drift.

    What the parts say, and where they mislead: :doc:`/reading/waterfall`.

    Parameters
    ----------
    reference, current : frame, table, str or Path
        Features, labels and predictions of a period when the model was good, and of now.
        Rows without a label are left out. If current has no label at all, what the changed
        inputs do to the loss is estimated by reweighting the reference, and there is no
        figure for the concept.
    loss : str
        "auto": the Brier score where there are probabilities (summed over the classes if
        there are more than two), else the share of wrong predictions ("zero_one"); for a
        regression the squared error ("squared"), or the absolute one ("absolute") where tails so
        heavy that a few rows would be all of the squared one leave nothing to tell by it. Or a
        column with the loss of each row.
    minimum_effect : float
        Smallest worsening that counts: in the unit of the loss, for errors of numbers as a
        share of the reference's.
    seed : int
        Of the folds, and of the sample where a side has more than `max_rows` rows.
    features : list of str, optional
        Default: all columns but labels, predictions, the timestamp, the loss, stored indexes
        and columns that only count up.
    exclude : list of str
        Columns never to compare. Leave out columns that give the date away: periods that do not
        overlap cannot be compared.
    categorical : list of str
        Numeric columns that are codes.
    timestamp, time_format, y_true, y_pred, y_proba : str
        Names of those columns; no timestamp by default.
    positive : label, optional
        Default: the larger of two labels.
    task : {"auto", "binary", "multiclass", "regression"}
        "auto" tells from the columns; see `driftlib.track_performance`.
    unit : str
        Which rows belong together: "auto", "row", an offset such as "1D" or a column, which is
        then no feature; see `driftlib.Baseline.fit`. Intervals are those of so many units, and
        a unit is judged by models that have not seen it.
    season : str or list of str, optional
        What like is compared with like by: see `driftlib.fit_domain`. Every number is then of
        rows of the cells that both periods have, in the shares that current has of them; where
        they have none in common, the verdict is "undetermined".
    label_time, matures : str, optional
        When labels became known, and after how long they all are: see
        `driftlib.track_performance`. Rows of a time when labels are still to come are left out;
        where no others have labels the verdict is "undetermined", and says so. With neither it is
        where rows of current with a label have other scores than those without.
    holdout : bool, optional
        Whether the model was kept from the reference's rows when it was trained. By default that
        is not known, and the verdict is "undetermined" where they look like training rows; False
        says that they are, which makes it "undetermined", and True that they are not.
    max_rows : int
        Rows used a side, at least 10; of more, each unit keeps its share.
    domain : Domain, optional
        A classifier already fitted on just these frames, features, unit and season;
        used if every row in it has a loss.

    Returns
    -------
    Diagnosis
        Its `terms`, `verdict` and `reason`; `features` and `segments` are worked out when
        they are first asked for.

    Raises
    ------
    DriftlibError
        If there is nothing to compare: no labels in the reference, no shared feature, a
        handful of rows.

    Notes
    -----
    Both parts, concept and covariate (total less concept), are judged at 97.5 %: a part counts
    as drift if its interval lies above 0 and its value is at least `minimum_effect`, the
    covariate part only if the inputs differ at all (the domain classifier's test, 5 %).
    "Undetermined" where that classifier's AUC exceeds 0.98, the effective share of either
    side is below 0.1, or a side has fewer than 5 units.

    With units a term's error comes from the influences of its rows, summed by unit on both
    sides, the units' memory allowed for; it is never below that of independent rows. The law
    is Student's, with the degrees of freedom that so many units give.

    References
    ----------
    Cai, Namkoong and Yadlowsky (2023), arXiv 2303.02011.

    Examples
    --------
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(rows=3000, feature_drift=0, label_flips=0.2)
    >>> diagnose(data.reference, data.current).verdict
    'concept drift'
    """
    setup = DiagnosisSetup(
        loss=loss,
        minimum_effect=minimum_effect,
        seed=seed,
        features=features,
        exclude=exclude,
        categorical=categorical,
        roles=ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format),
        positive=positive,
        task=task,
        unit=unit,
        season=season,
        max_rows=max_rows,
        label_time=label_time,
        matures=matures,
        holdout=holdout,
    )
    periods = setup.read(reference, current)
    found = diagnose_periods(periods, domain)
    # How files were read is said once, and not of every window.
    notes = (f"{note}." for side in (periods.reference, periods.current) for note in notes_of(side))
    return replace(found, reason=" ".join([found.reason, *notes]))


def diagnose_periods(
    periods: Periods, domain: Domain | None = None, suspect: str = ""
) -> Diagnosis:
    """Diagnose two periods that are read already.

    Parameters
    ----------
    periods : Periods
        All rows of two periods, or those of a window or segment.
    domain : Domain, optional
        A classifier fitted on just these rows; used if every row in it has a loss.
    suspect : str
        Why labels or scores say nothing, where that is known already.

    Returns
    -------
    Diagnosis
        As of `diagnose`.

    Raises
    ------
    DataError
        If no feature can be compared, or a side has too few rows with a loss.
    """
    given = periods
    losses, refused, notes = periods.state.settle(periods.losses, periods.names)
    periods = replace(periods, losses=losses)
    suspect = "" if refused else suspect or suspicion(periods)
    if suspect:
        refused = suspect
        periods = replace(periods, losses=losses.unlabelled())
    usable, used = periods.usable, periods
    fits = domain is None or bool(refused) or not _covers(usable, domain)
    if domain is None or fits:
        used = periods.take(*usable).alike()
        domain = used.fit_domain(refused=refused)
    loss = np.concatenate(
        [
            used.losses.reference[domain.reference_rows],
            used.losses.current[domain.current_rows],
        ]
    )
    rows = used.losses.rows
    scores, labels = (rows.scores(domain), rows.labels(domain)) if rows else (None, None)
    if fits:
        domain = used.in_frames(domain)
    expected = None
    if domain.cannot_tell:
        parts = unknown_parts(domain, loss)
    elif used.labelled and not domain.overlaps:
        # Nothing but the whole change is told, which no model of the loss has a part in.
        parts = decompose(domain, loss, np.full(len(loss), loss.mean()))
    else:
        expected = expected_losses(domain, loss)
        split = decompose if used.labelled else decompose_inputs
        parts = split(domain, loss, expected)
    unit = parts.loss_reference if used.losses.relative else 1.0
    inputs = VerdictInputs(
        parts=parts,
        domain=domain,
        minimum=periods.setup.minimum_effect * unit,
        loss=used.losses.title,
        labelled=used.labelled,
        lacking=used.losses.lacking,
        refused=refused,
        relative=used.losses.relative,
        separating=None
        if domain.overlaps or domain.cannot_tell
        else find_separating_features(
            domain, lambda features: used.fit_domain(features, SEPARATING_ROWS)
        ),
    )
    if scores is not None and labels is not None and inputs.verdict in (CONCEPT, BOTH):
        # Scores are made of all features: without some of them they may well differ.
        changed = other_scores(domain, scores) if used.whole else ""
        changed = changed or lost_labels(domain, labels, scores)
        if changed:
            return diagnose_periods(given, None, changed)
    notes += [] if refused else _left_out(periods.names, usable)
    if used.labelled and not domain.cannot_tell:
        sides = used.reference, used.current
        notes += [prior_shift_words(*sides, periods.setup.roles, domain)]
    if domain.like and domain.like.missing and not domain.like.reason:
        notes.append(f"{domain.like.missing}.")
    return replace(_diagnosis(inputs, used.losses, notes, loss, expected), suspect=suspect)


def _covers(usable: tuple[np.ndarray, np.ndarray], domain: Domain) -> bool:
    """Tell whether every row of the classifier can be used."""
    pairs = list(zip(usable, (domain.reference_rows, domain.current_rows), strict=True))
    if any(rows.max() >= len(known) for known, rows in pairs):
        raise ParameterError("domain= was fitted on other frames: fit it on these two.")
    return all(bool(known[rows].all()) for known, rows in pairs)


def _left_out(names: tuple[str, str], usable: tuple[np.ndarray, np.ndarray]) -> list[str]:
    """Say how many rows of either period are left out."""
    return [
        f"{int((~known).sum()):,} of {len(known):,} rows of {name} have no loss, for want of a "
        "label or a prediction, and are left out."
        for name, known in zip(names, usable, strict=True)
        if not known.all()
    ]


def _diagnosis(
    inputs: VerdictInputs,
    losses: Losses,
    notes: list[str],
    loss: np.ndarray,
    expected: np.ndarray | None,
) -> Diagnosis:
    parts, domain = inputs.parts, inputs.domain
    terms = pd.DataFrame(
        [parts.combine(weights) for weights in np.eye(len(TERMS))],
        index=pd.Index(TERMS, name="term"),
        columns=["value", "lower", "upper"],
    )
    covariate = parts.combine(COVARIATE)
    if not domain.overlaps:
        # The models extrapolate where no rows are: a number would say more than is known.
        terms.loc[terms.index != "total"] = np.nan
        covariate = (np.nan, np.nan, np.nan)
    error = parts.error(TOTAL if inputs.labelled else COVARIATE)
    effect = np.nan if domain.cannot_tell else error.design_effect
    counts = domain.period_units.counts if domain.units is None else domain.units.counts
    if domain.period_units.by_row:
        counts = len(domain.reference_rows), len(domain.current_rows)
    return Diagnosis(
        terms=terms,
        verdict=inputs.verdict,
        reason=" ".join(filter(None, [inputs.reason, *notes])),
        domain_auc=domain.auc,
        effective_share=float(domain.effective_share),
        loss=losses.name,
        loss_title=losses.title,
        loss_reference=parts.loss_reference,
        loss_current=parts.loss_current,
        minimum_effect=inputs.minimum,
        rows_reference=len(domain.reference_rows),
        rows_current=len(domain.current_rows),
        covariate=covariate,
        unit=domain.period_units.describe(effect),
        units_reference=counts[0],
        units_current=counts[1],
        design_effect=effect,
        verdict_inputs=inputs,
        row_loss=loss,
        known_expected=expected,
    )
