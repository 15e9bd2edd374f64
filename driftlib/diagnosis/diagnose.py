"""Why did the model get worse: other inputs, or other outcomes for the same inputs?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.schema import ColumnRoles, select_features
from driftlib.data.sources import read_frame, source_name
from driftlib.diagnosis.attribution import attribute
from driftlib.diagnosis.decomposition import TERMS, decompose, decompose_inputs, fit_loss, targeted
from driftlib.diagnosis.losses import Losses, read_losses
from driftlib.diagnosis.segments import COLUMNS, find_segments
from driftlib.diagnosis.verdict import COVARIATE, VerdictInputs
from driftlib.domain.classifier import Domain, fit_domain
from driftlib.domain.overlap import find_separating_features
from driftlib.errors import ParameterError
from driftlib.results import Result

CULPRIT_ROWS = 10_000


@dataclass(frozen=True)
class Diagnosis(Result):
    """The change of a model's loss, split by cause.

    Attributes
    ----------
    terms : pandas.DataFrame
        Indexed by covariate_common (from the reference's inputs to those both periods share,
        outcomes as in the reference), concept (on the shared inputs, from the reference's
        outcomes to those of current), covariate_unseen (from the shared inputs to those of
        current) and total, their sum; columns value, lower, upper (95 %), in the unit of the
        loss, positive where it got worse. NaN where the data cannot tell.
    verdict : str
        "stable", "data drift", "concept drift", "data and concept drift", "improved" or
        "undetermined".
    reason : str
        Why this verdict, and what to bear in mind.
    domain_auc, effective_share : float
        How far apart the inputs are: see `driftlib.domain.classifier.Domain`.
    loss, loss_title : str
        Which loss, in code and in words.
    loss_reference, loss_current : float
        Mean loss of the rows used.
    minimum_effect : float
        Smallest worsening that counts, in the unit of the loss.
    rows_reference, rows_current : int
        Rows used.
    covariate : tuple of float
        Covariate part, total less concept: value, lower, upper (95 %).
    evidence : VerdictInputs
        What the verdict rests on.
    row_loss, row_expected : float array
        Loss of each row of the domain, and what its features let one expect.
    """

    terms: pd.DataFrame
    verdict: str
    reason: str
    domain_auc: float
    effective_share: float
    loss: str
    loss_title: str
    loss_reference: float
    loss_current: float
    minimum_effect: float
    rows_reference: int
    rows_current: int
    covariate: tuple[float, float, float]
    evidence: VerdictInputs = field(repr=False)
    row_loss: np.ndarray = field(repr=False)
    row_expected: np.ndarray = field(repr=False)

    @property
    def main_table(self) -> pd.DataFrame:
        return self.terms

    @property
    def headline(self) -> str:
        """The verdict in one plain sentence, with numbers."""
        return self.evidence.headline

    @property
    def domain(self) -> Domain:
        """The fitted classifier, to be used again."""
        return self.evidence.domain

    @property
    def culprits(self) -> list[str]:
        """Columns that give the period away, where that is why the verdict is open."""
        return list(self.evidence.culprits.features) if self.evidence.culprits else []

    @cached_property
    def features(self) -> pd.DataFrame:
        """Which features' change accounts for the covariate part.

        Worked out when first asked for. See `driftlib.diagnosis.attribution.attribute` for what the
        numbers mean, and what they do not.
        """
        return attribute(self.domain, self.row_expected)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """Where the concept changed, as rules such as `origin = EWR and hour >= 17`.

        Worked out when first asked for; see
        `driftlib.diagnosis.segments.find_segments`. No rows where
        current has no labels or the periods do not overlap.
        """
        if not self.domain.overlaps or np.isnan(self.row_loss).any():
            return pd.DataFrame(columns=list(COLUMNS))
        return find_segments(self.domain, self.row_loss, self.row_expected, self.domain.seed)

    @property
    def details(self) -> dict[str, Any]:
        names = (
            "verdict", "reason", "domain_auc", "effective_share", "loss", "loss_title",
            "loss_reference", "loss_current", "minimum_effect", "rows_reference", "rows_current",
            "culprits",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def diagnose(
    reference: Any,
    current: Any,
    features: Iterable[str] | None = None,
    loss: str = "auto",
    minimum_effect: float = 0.01,
    seed: int = 0,
    *,
    categorical: Iterable[str] = (),
    task: str = "auto",
    positive: Any = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    timestamp: str | None = None,
    max_rows: int = 50_000,
    domain: Domain | None = None,
) -> Diagnosis:
    """Tell data drift from concept drift.

    Parameters
    ----------
    reference, current : frame, table, str or Path
        Features, labels and predictions of a period when the model was good, and of now.
        Rows without a label are left out. If current has no label at all, what the changed
        inputs do to the loss is estimated by reweighting the reference, and there is no
        figure for the concept.
    features : list of str, optional
        Default: all columns but labels, predictions, the timestamp and the loss. Leave out
        columns that give the date away: periods that do not overlap cannot be compared.
    loss : str
        "auto": the Brier score where there are probabilities (summed over the classes if
        there are more than two), else the share of wrong predictions ("zero_one"), and the
        squared error ("squared") for a regression; or a column with the loss of each row.
    minimum_effect : float
        Smallest worsening that counts: in the unit of the loss, for squared errors as a
        share of the reference's.
    seed : int
        Of the folds, and of the sample where a side has more than `max_rows` rows.
    categorical : list of str
        Numeric columns that are codes.
    task, positive
        See `driftlib.track_performance`.
    y_true, y_pred, y_proba, timestamp : str
        Names of those columns.
    max_rows : int
        Rows used a side.
    domain : Domain, optional
        A classifier already fitted on just these two frames and features; used if every row
        in it has a loss.

    Returns
    -------
    Diagnosis

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
    "Undetermined" where that classifier's AUC exceeds 0.98 or the effective share of either
    side is below 0.1.

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
    question = Question.ask(
        reference, current, features, loss, minimum_effect, seed,
        categorical=categorical, task=task, positive=positive, y_true=y_true, y_pred=y_pred,
        y_proba=y_proba, timestamp=timestamp, max_rows=max_rows,
    )  # fmt: skip
    return question.answer(slice(None), domain)


@dataclass(frozen=True)
class Question:
    """Everything a diagnosis needs, read and checked once for all windows."""

    names: tuple[str, str]
    frames: tuple[pd.DataFrame, pd.DataFrame]
    losses: Losses
    minimum_effect: float
    options: dict[str, Any]

    @classmethod
    def ask(
        cls,
        reference: Any,
        current: Any,
        features: Iterable[str] | None = None,
        loss: str = "auto",
        minimum_effect: float = 0.01,
        seed: int = 0,
        *,
        categorical: Iterable[str] = (),
        task: str = "auto",
        positive: Any = None,
        y_true: str = "y_true",
        y_pred: str = "y_pred",
        y_proba: str = "y_proba",
        timestamp: str | None = None,
        max_rows: int = 50_000,
        no_features: Sequence[str | None] = (),
    ) -> Question:
        """Read the frames, the losses and the names of the features; see `diagnose`."""
        if not minimum_effect >= 0:
            raise ParameterError(f"minimum_effect={minimum_effect!r} must be at least 0.")
        roles = ColumnRoles(y_true, y_pred, y_proba, timestamp)
        names = source_name(reference, "the reference"), source_name(current, "current")
        frames = read_frame(reference, "reference"), read_frame(current, "current")
        losses = read_losses(tuple(zip(names, frames, strict=True)), loss, roles, task, positive)
        columns = [name for name in frames[0].columns if name != loss]
        if features is None:
            columns = [name for name in columns if name not in no_features]
        chosen = select_features(columns, roles, features, categorical, names[0])
        options = {"features": chosen, "categorical": list(categorical), "seed": seed,
                   "max_rows": max_rows, "roles": roles}  # fmt: skip
        return cls(names, frames, losses, minimum_effect, options)

    def answer(self, window: slice | np.ndarray, domain: Domain | None = None) -> Diagnosis:
        """Diagnose some rows of current against the reference."""
        sides = self.losses.reference, self.losses.current[window]
        known = [~np.isnan(side) for side in sides]
        labelled = bool(known[1].any())
        if not labelled:
            known[1][:] = True
        frames = self.frames[0], self.frames[1].iloc[window]
        if domain is None or not _covered(domain, known):
            frames = [frame[rows] for frame, rows in zip(frames, known, strict=True)]
            sides = [side[rows] for side, rows in zip(sides, known, strict=True)]
            domain = fit_domain(*frames, **self.options)
        loss = np.concatenate([sides[0][domain.reference_rows], sides[1][domain.current_rows]])
        if labelled:
            expected = targeted(domain, loss, fit_loss(domain, loss))
            parts = decompose(domain, loss, expected)
        else:
            expected = fit_loss(domain, loss, ~domain.is_current)
            parts = decompose_inputs(domain, loss, expected)
        minimum = self.minimum_effect * (parts.loss_reference if self.losses.relative else 1.0)
        culprits = None
        if not domain.overlaps:
            culprits = find_separating_features(
                domain, lambda features: self._refit(frames, features)
            )
        evidence = VerdictInputs(parts, domain, minimum, self.losses.title, labelled, culprits)
        notes = _notes(self.names, known)
        return _diagnosis(evidence, self.losses, notes, loss, expected)

    def _refit(self, frames: Sequence[pd.DataFrame], features: list[str]) -> Domain:
        changed = {
            "features": features,
            "categorical": [name for name in self.options["categorical"] if name in features],
            "max_rows": min(CULPRIT_ROWS, self.options["max_rows"]),
        }
        return fit_domain(*frames, **(self.options | changed))


def _diagnosis(
    evidence: VerdictInputs,
    losses: Losses,
    notes: tuple[str, ...],
    loss: np.ndarray,
    expected: np.ndarray,
) -> Diagnosis:
    parts, domain = evidence.parts, evidence.domain
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
    return Diagnosis(
        terms=terms,
        verdict=evidence.verdict,
        reason=" ".join([evidence.reason, *notes]),
        domain_auc=domain.auc,
        effective_share=float(domain.effective_share),
        loss=losses.name,
        loss_title=losses.title,
        loss_reference=parts.loss_reference,
        loss_current=parts.loss_current,
        minimum_effect=evidence.minimum,
        rows_reference=len(domain.reference_rows),
        rows_current=len(domain.current_rows),
        covariate=covariate,
        evidence=evidence,
        row_loss=loss,
        row_expected=expected,
    )


def _covered(domain: Domain, known: Sequence[np.ndarray]) -> bool:
    """Whether every row of the classifier has a loss."""
    rows = domain.reference_rows, domain.current_rows
    if any(part.max() >= len(has) for part, has in zip(rows, known, strict=True)):
        raise ParameterError("domain= was fitted on other frames: fit it on these two.")
    return all(has[part].all() for part, has in zip(rows, known, strict=True))


def _notes(names: tuple[str, str], known: Sequence[np.ndarray]) -> tuple[str, ...]:
    return tuple(
        f"{int((~has).sum()):,} of {len(has):,} rows of {name} have no loss, for want of a label "
        "or a prediction, and are left out."
        for name, has in zip(names, known, strict=True)
        if not has.all()
    )
