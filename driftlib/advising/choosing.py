"""Choose which rows to label, and tell from their labels what all rows would show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.advising.design import chances, draw
from driftlib.arguments import known_keywords
from driftlib.data.opening import read_frame
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import BINARY
from driftlib.data.unit_choice import AUTO
from driftlib.diagnosis.decomposition import TERMS, Decomposition, decompose, fit_loss
from driftlib.diagnosis.losses import BRIER, read_losses
from driftlib.diagnosis.setup import DiagnosisSetup, Periods
from driftlib.diagnosis.verdict import VerdictInputs
from driftlib.domain.result import Domain
from driftlib.errors import DataError, ParameterError, check_whole
from driftlib.results import Result
from driftlib.stats.calibration import fit_calibrator
from driftlib.text import counted

# Share of the chance that all rows have alike.
EVEN = 0.2
# Shares of positives may have changed: so much of each is taken to be a toss of a coin.
DOUBT = 0.2


@dataclass(frozen=True)
class Chosen(Result):
    """Rows that are worth labelling, each with its chance to have been drawn.

    Parameters
    ----------
    table : pandas.DataFrame
        A row each, in current's order: `row` (its position, from 0), `chance`, and `weight`, the
        number of rows that it stands for, 1 / chance.
    rows : int
        Rows of current that could be drawn.
    unit : str
        What a unit is, and how many there are.
    chance : float array, shape (rows,)
        Of every row of current that could be drawn.
    periods : Periods
    domain : Domain
    expected : float array
        Loss expected of each row of the domain, by the reference.
    """

    table: pd.DataFrame
    rows: int
    unit: str
    chance: np.ndarray = field(repr=False)
    periods: Periods = field(repr=False)
    domain: Domain = field(repr=False)
    expected: np.ndarray = field(repr=False)

    @property
    def headline(self) -> str:
        """What was drawn, in one sentence."""
        most, least = self.table["chance"].max(), self.table["chance"].min()
        return (
            f"{counted(len(self.table), 'row')} of {self.rows:,} to label, drawn with chances of "
            f"{least:.2g} to {most:.2g}"
        )

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        return {"rows": self.rows, "unit": self.unit}

    def mean(self, values: Any) -> tuple[float, float, float]:
        """Estimate the mean over all of current of what is known of the drawn rows.

        Parameters
        ----------
        values : sequence of float
            Of the rows of `table`, in its order.

        Returns
        -------
        (float, float, float)
            Value (Hajek's ratio of weighted sums), and its 95 % interval, rows taken as
            independent.
        """
        given = np.asarray(values, dtype=float)
        if given.shape != (len(self.table),):
            raise ParameterError(
                f"values must have one number for each of the {len(self.table):,} chosen rows."
            )
        weight = self.table["weight"].to_numpy()
        value = float(weight @ given / weight.sum())
        error = float(np.sqrt(np.sum((weight * (given - value)) ** 2)) / weight.sum())
        return value, value - 1.96 * error, value + 1.96 * error

    def diagnose(self, labelled: Any) -> ChosenDiagnosis:
        """Diagnose all rows from the labels of those drawn.

        Parameters
        ----------
        labelled : frame, table, str or Path
            The current data again, in the same order, with labels in the drawn rows; labels of
            other rows are not looked at.

        Returns
        -------
        ChosenDiagnosis

        Raises
        ------
        DataError
            If it has other rows, or a drawn row has no label.
        """
        frame = read_frame(labelled, "current")
        periods, setup = self.periods, self.periods.setup
        if len(frame) != len(periods.current):
            raise DataError(
                f"the data have {counted(len(frame), 'row')}, and rows were chosen of "
                f"{len(periods.current):,}: pass the same rows, with labels."
            )
        losses = read_losses(
            (periods.names[0], periods.reference), (periods.names[1], frame), setup.loss,
            setup.roles, setup.task, setup.positive,
        )  # fmt: skip
        rows = self.table["row"].to_numpy()
        lacking = rows[np.isnan(losses.current[rows])]
        if len(lacking):
            raise DataError(
                f"{counted(len(lacking), 'chosen row')} have no label, such as row {lacking[0]}: "
                "estimates hold if all are labelled. Choose fewer, or label them."
            )
        return _diagnosis(self, losses.reference, losses.current, losses.title)


@dataclass(frozen=True)
class ChosenDiagnosis(Result):
    """The change of a loss by cause, from the labels of chosen rows.

    Parameters
    ----------
    terms : pandas.DataFrame
        As of `diagnose`.
    verdict : str
        As of `diagnose`.
    labels : int
        How many were looked at.
    verdict_inputs : VerdictInputs
        What the verdict rests on.
    """

    terms: pd.DataFrame
    verdict: str
    labels: int
    verdict_inputs: VerdictInputs = field(repr=False)

    @property
    def main_table(self) -> pd.DataFrame:
        """The terms."""
        return self.terms

    @property
    def headline(self) -> str:
        """The verdict in one plain sentence, with numbers."""
        return f"{self.verdict_inputs.headline} (from {self.labels:,} chosen labels)"

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and terms."""
        return {"verdict": self.verdict, "labels": self.labels}


@known_keywords()
def choose_rows(
    reference: Any,
    current: Any,
    number: int = 1_000,
    loss: str = "auto",
    minimum_effect: float = 0.01,
    even: float = EVEN,
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
    max_rows: int = 50_000,
) -> Chosen:
    """Choose which rows of current to label, so that few labels tell much.

    Labels tell most where the loss is least certain, and at inputs that both periods have. Each
    row's chance to be drawn is known and above 0, so that weighted estimates have no bias.

    Parameters
    ----------
    reference, current : frame, table, str or Path
        The reference with labels; labels of current are not looked at.
    number : int
        Rows to draw.
    loss, minimum_effect
        As for `diagnose`.
    even : float
        Share of the chance that all rows have alike, above 0 and at most 1: 1 draws all rows with
        the same chance.
    seed : int
        Of the classifier, and of the draw.
    features, exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba
        See `diagnose`.
    positive, task, unit, max_rows
        See `diagnose`. Of more than `max_rows` rows of current a sample can be drawn.

    Returns
    -------
    Chosen
        `table` says which rows; `diagnose` and `mean` tell from their labels what holds for all.

    Raises
    ------
    DriftlibError
        If the periods cannot be compared, or there are fewer rows than are to be drawn.

    References
    ----------
    Horvitz and Thompson (1952), JASA 47(260), 663-685; Hajek (1971) for the ratio; Sarndal,
    Swensson and Wretman (1992), Model Assisted Survey Sampling, for expected losses beside it.

    Examples
    --------
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(rows=4000, feature_drift=0, label_flips=0.2)
    >>> chosen = choose_rows(data.reference, data.current.drop(columns="y_true"), 500)
    >>> len(chosen.table), chosen.diagnose(data.current).verdict
    (500, 'concept drift')
    """
    number = check_whole("number", number, 1)
    if not 0 < even <= 1:
        raise ParameterError(f"even={even!r} must be above 0 and at most 1.")
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
        max_rows=max_rows,
    )
    frame = read_frame(current, "current")
    periods = setup.read(reference, frame.drop(columns=[y_true], errors="ignore"))
    periods = replace(periods, losses=periods.losses.unlabelled())
    used = periods.take(*periods.usable)
    domain = used.fit_domain()
    if domain.cannot_tell:
        raise DataError(f"rows cannot be chosen: {domain.cannot_tell}.")
    before = used.losses.reference[domain.reference_rows]
    losses = np.append(before, np.full(len(domain.current_rows), np.nan))
    expected = fit_loss(domain, losses, ~domain.is_current)
    if number > len(domain.current_rows):
        raise ParameterError(
            f"number={number:,} rows cannot be drawn of {len(domain.current_rows):,}."
        )
    spread = _spread(used, domain, losses, expected)
    shared = domain.overlap_weights[1] * len(domain.current_rows)
    chance = chances(spread * np.sqrt((1 + shared**2) / 2), number, even)
    places = draw(chance, np.random.default_rng(seed))
    table = pd.DataFrame({"row": domain.current_rows[places], "chance": chance[places]})
    return Chosen(
        table.assign(weight=1 / table["chance"]), len(chance), domain.unit, chance, used, domain,
        expected,
    )  # fmt: skip


def _spread(
    periods: Periods, domain: Domain, losses: np.ndarray, expected: np.ndarray
) -> np.ndarray:
    """How uncertain the loss of each current row is, by what scores meant in the reference."""
    rows = periods.losses.rows
    if periods.losses.name == BRIER and rows is not None and rows.task.kind == BINARY:
        before = rows.reference.take(domain.reference_rows)
        score = np.nan_to_num(rows.current.scores[domain.current_rows], nan=0.5)
        none = np.zeros(len(before.y), dtype=int)
        curve = fit_calibrator(before.scores, none, before.y)
        share = curve.probabilities(curve.designs(score, np.zeros(len(score), dtype=int)))
        share = (1 - DOUBT) * share + DOUBT / 2
        return np.asarray(np.abs(1 - 2 * score) * np.sqrt(share * (1 - share)))
    surplus = (losses - expected) ** 2
    squared = fit_loss(domain, surplus, ~domain.is_current)[domain.is_current]
    return np.sqrt(np.maximum(squared, 0))


def _diagnosis(chosen: Chosen, before: np.ndarray, now: np.ndarray, title: str) -> ChosenDiagnosis:
    domain, periods = chosen.domain, chosen.periods
    cut = len(domain.reference_rows)
    rows = chosen.table["row"].to_numpy()
    place = np.searchsorted(domain.current_rows, rows)
    surplus = np.zeros(len(domain.current_rows))
    surplus[place] = chosen.table["weight"] * (now[rows] - chosen.expected[cut + place])
    # What is left of a drawn row's loss stands for that of all rows like it.
    known = np.append(before[domain.reference_rows], chosen.expected[cut:] + surplus)
    parts: Decomposition = decompose(domain, known, chosen.expected)
    unit = parts.loss_reference if periods.losses.relative else 1.0
    inputs = VerdictInputs(parts, domain, periods.setup.minimum_effect * unit, title)
    terms = pd.DataFrame(
        [parts.combine(weights) for weights in np.eye(len(TERMS))],
        index=pd.Index(TERMS, name="term"),
        columns=["value", "lower", "upper"],
    )
    if not domain.overlaps:
        terms.loc[terms.index != "total"] = np.nan
    return ChosenDiagnosis(terms, inputs.verdict, len(rows), inputs)
