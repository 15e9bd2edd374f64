"""Hold the change of a model's loss, split by cause."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from driftlib.diagnosis.attribution import attribute
from driftlib.diagnosis.decomposition import expected_losses
from driftlib.diagnosis.segments import COLUMNS, find_segments
from driftlib.diagnosis.verdict import VerdictInputs
from driftlib.domain.result import Domain
from driftlib.results import Result


@dataclass(frozen=True)
class Diagnosis(Result):
    """Hold the change of a model's loss, split by cause.

    Parameters
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
        How far apart the inputs are: see `driftlib.domain.result.Domain`.
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
    unit : str
        What a unit is, how many there are, and how much their rows have in common.
    units_reference, units_current : int
        Units of the rows used; rows where these are units.
    design_effect : float
        How many times the variance of the total is that of independent rows, at least 1.
    verdict_inputs : VerdictInputs
        What the verdict rests on.
    suspect : str
        Why labels or scores look wrong as data, so that they say nothing; empty where they do not.
    row_loss : float array
        Loss of each row of the domain.
    known_expected : float array, optional
        What its features let one expect, where the verdict took that: see `row_expected`.
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
    unit: str
    units_reference: int
    units_current: int
    design_effect: float
    verdict_inputs: VerdictInputs = field(repr=False)
    row_loss: np.ndarray = field(repr=False)
    known_expected: np.ndarray | None = field(repr=False)
    suspect: str = ""

    @property
    def main_table(self) -> pd.DataFrame:
        """The terms: the table that carries the result."""
        return self.terms

    @property
    def headline(self) -> str:
        """The verdict in one plain sentence, with numbers."""
        return self.verdict_inputs.headline

    @property
    def domain(self) -> Domain:
        """The fitted classifier, to be used again."""
        return self.verdict_inputs.domain

    @property
    def cannot_tell(self) -> str | None:
        """Why nothing can be told, where there are too few units."""
        return self.domain.cannot_tell or None

    @property
    def season(self) -> str:
        """What like is compared with like by, and what could not be; empty without a season."""
        return self.domain.season

    @property
    def culprits(self) -> list[str]:
        """Columns that give the period away, where that is why the verdict is open."""
        found = self.verdict_inputs.separating
        return list(found.features) if found else []

    @cached_property
    def row_expected(self) -> np.ndarray:
        """What the features of each row of the domain let one expect of its loss."""
        if self.known_expected is not None:
            return self.known_expected
        return expected_losses(self.domain, self.row_loss)

    @cached_property
    def features(self) -> pd.DataFrame:
        """Which features' change accounts for the covariate part.

        Worked out when first asked for. See `driftlib.diagnosis.attribution.attribute` for
        what the numbers mean, and what they do not. No rows with too few units.
        """
        if self.domain.cannot_tell:
            return pd.DataFrame(columns=["effect", "auc_loss"], dtype=float)
        return attribute(self.domain, self.row_expected)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """Where the concept changed, as rules such as `origin = EWR and hour >= 17`.

        Worked out when first asked for; see `driftlib.diagnosis.segments.find_segments`. No
        rows where current has no labels or the periods do not overlap.
        """
        if not self.domain.overlaps or np.isnan(self.row_loss).any():
            return pd.DataFrame(columns=list(COLUMNS))
        return find_segments(self.domain, self.row_loss, self.row_expected, self.domain.seed)

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and terms."""
        names = (
            "verdict", "reason", "domain_auc", "effective_share", "loss", "loss_title",
            "loss_reference", "loss_current", "minimum_effect", "rows_reference", "rows_current",
            "culprits", "suspect", "cannot_tell", "unit", "units_reference", "units_current",
            "design_effect",
        )  # fmt: skip
        like = self.domain.like
        season = {"season": like.to_dict()} if like else {}
        return {name: getattr(self, name) for name in names} | season

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{html.escape(f'{self.unit} {self.season}'.strip())}</p>"
