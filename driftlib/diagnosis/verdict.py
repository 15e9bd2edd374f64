"""Judge the terms of a diagnosis, and say the verdict in plain English."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from driftlib.diagnosis.decomposition import Decomposition
from driftlib.domain.overlap import SeparatingFeatures
from driftlib.domain.result import MOST_AUC, Domain
from driftlib.text import capital, listed, quoted
from driftlib.written_numbers import number_writer

STABLE, DATA, CONCEPT, BOTH = (
    "stable", "data drift", "concept drift", "data and concept drift",
)  # fmt: skip
IMPROVED, UNDETERMINED = "improved", "undetermined"
VERDICTS = (STABLE, DATA, CONCEPT, BOTH, IMPROVED, UNDETERMINED)

# Two parts are judged: each at 97.5 % keeps the two together at 95 %.
LEVEL = 0.975
INPUTS_LEVEL = 0.05
COVARIATE, CONCEPT_PART, TOTAL = (1, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1)


@dataclass(frozen=True)
class VerdictInputs:
    """Hold what a verdict rests on, and judge it.

    Parameters
    ----------
    parts : Decomposition
        Terms of the change of the loss, with the influence of each row.
    domain : Domain
        The fitted classifier of the two periods.
    minimum : float
        Smallest worsening that counts, in the unit of the loss.
    loss : str
        The loss in words.
    labelled : bool
        Whether rows of current have a loss.
    lacking : str
        What they lack where none has one.
    separating : SeparatingFeatures, optional
        Columns that give the period away, where the periods do not overlap.
    refused : str
        Why the labels of current say nothing yet; empty where they do.
    relative : bool
        Whether changes are said in per cent of the reference's loss, whose unit says little.
    """

    parts: Decomposition
    domain: Domain
    minimum: float
    loss: str
    labelled: bool = True
    lacking: str = "current has no labels"
    separating: SeparatingFeatures | None = None
    refused: str = ""
    relative: bool = False

    def writer(self, spread: float) -> Callable[..., str]:
        """Make a function that writes changes of the loss.

        Parameters
        ----------
        spread : float
            Width of an interval, in the unit of the loss.

        Returns
        -------
        callable
            As of `driftlib.written_numbers.number_writer`; in per cent of the reference's loss
            where changes are relative.
        """
        unit = self.parts.loss_reference / 100
        if not self.relative or not unit > 0:
            return number_writer(spread)
        write = number_writer(spread / unit)
        return lambda value, signed=False: f"{write(value / unit, signed)} %"

    @property
    def inputs_differ(self) -> bool:
        """Whether the domain classifier tells the periods apart."""
        return self.domain.p_value < INPUTS_LEVEL

    def worse(self, part: tuple[int, ...]) -> bool:
        """Tell whether a part got worse, for certain and by enough to matter.

        Parameters
        ----------
        part : tuple of int, length 4
            Weights of the terms, such as `COVARIATE`.

        Returns
        -------
        bool
            True where the 97.5 % interval lies above 0 and the value is at least `minimum`.
        """
        value, lower, _ = self.parts.combine(part, LEVEL)
        return lower > 0 and value >= self.minimum

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        if self.domain.cannot_tell:
            return UNDETERMINED
        if not self.domain.overlaps:
            return UNDETERMINED
        data = self.inputs_differ and self.worse(COVARIATE)
        if not self.labelled:
            return DATA if data else UNDETERMINED
        concept = self.worse(CONCEPT_PART)
        if data or concept:
            return BOTH if data and concept else DATA if data else CONCEPT
        return IMPROVED if self.parts.combine(TOTAL, LEVEL)[2] < 0 else STABLE

    @property
    def headline(self) -> str:
        """The verdict in one sentence, with numbers."""
        name = self.verdict.capitalize()
        if self.domain.cannot_tell:
            return f"{name}: {self.domain.cannot_tell}"
        if self.verdict == UNDETERMINED:
            if not self.labelled and self.domain.overlaps:
                return (
                    f"{name}: {self.lacking}, and the changed inputs by themselves do not "
                    f"clearly raise the {self.loss}"
                )
            return f"{name}: {_blame(self.separating)}, so that the same inputs cannot be compared"
        covariate = self.parts.combine(COVARIATE)
        if not self.labelled:
            write = self.writer(covariate[2] - covariate[0])
            low, high = (write(limit) for limit in covariate[1:])
            return (
                f"{name}: with outcomes as before, the changed inputs raise the {self.loss} by "
                f"{write(covariate[0])} ({low} to {high}); without labels nothing is known of "
                "the concept"
            )
        total, concept = self.parts.combine(TOTAL), self.parts.combine(CONCEPT_PART)
        write = self.writer(total[2] - total[0])
        if self.verdict in (DATA, CONCEPT, BOTH) and not total[1] > 0:
            return f"{name}: {self._offset(total, concept, covariate, write)}"
        shares = (
            f"{write(concept[0], True)} with the same inputs, "
            f"{write(covariate[0], True)} from changed inputs"
        )
        change = f"the {self.loss} {describe_change(total, write)}: {shares}"
        if self.verdict == STABLE and total[1] > 0:
            return f"{name}: neither part is surely worse by enough to matter, though {change}"
        return f"{name}: {change}"

    def _offset(
        self,
        total: tuple[float, float, float],
        concept: tuple[float, float, float],
        covariate: tuple[float, float, float],
        write: Callable[..., str],
    ) -> str:
        """Say what got worse where the whole did not, as the other part made up for it."""
        if self.verdict == BOTH:
            return (
                f"with the same inputs the {self.loss} {describe_change(concept, write)}, changed "
                f"inputs account for {_write_signed(covariate, write)}"
            )
        whole = f"over all it {describe_change(total, write)}"
        if self.verdict == CONCEPT:
            return (
                f"with the same inputs the {self.loss} {describe_change(concept, write)}; changed "
                f"inputs account for {_write_signed(covariate, write)}, so that {whole}"
            )
        return (
            f"changed inputs by themselves change the {self.loss} by "
            f"{_write_signed(covariate, write)}; with the same inputs it "
            f"{describe_change(concept, write)}, so that {whole}"
        )

    @property
    def reason(self) -> str:
        """Why this verdict."""
        if self.refused:
            return f"{capital(self.refused)}."
        if self.domain.cannot_tell and self.domain.like and self.domain.like.reason:
            return f"{capital(self.domain.cannot_tell)}."
        if self.domain.cannot_tell:
            return (
                f"{capital(self.domain.cannot_tell)}. Rows of a unit share its fate: so few say "
                "nothing of how much units differ without a change."
            )
        if not self.domain.overlaps:
            return _no_overlap(self.domain, self.separating)
        return " ".join(self._of_parts())

    def without(self, names: Sequence[str]) -> str:
        """Say what is found when columns that themselves changed are left out.

        What remains unexplained may then come from those columns, so that no sentence here
        speaks of the same inputs or of the concept alone.

        Parameters
        ----------
        names : sequence of str
            Columns left out of the features, one or more.

        Returns
        -------
        str
            Sentences that end with what would tell.
        """
        said = self.change_without(names)
        told = self.labelled and self.domain.overlaps and not self.domain.cannot_tell
        sure = told and (self.worse(CONCEPT_PART) or self.parts.combine(CONCEPT_PART, LEVEL)[2] < 0)
        if not sure:
            return f"{said}."
        those = "those columns" if len(names) > 1 else "that column"
        return (
            f"{said}, which may be the concept or {those}: a reference that covers such values, "
            "such as the same season, would tell."
        )

    def change_without(self, names: Sequence[str]) -> str:
        """Say how the loss changed when columns that themselves changed are left out.

        Parameters
        ----------
        names : sequence of str
            As for `without`.

        Returns
        -------
        str
            The beginning of a sentence, which can stand alone.
        """
        left = f"Leaving out {listed(names, 8)}, which changed"
        if self.domain.cannot_tell:
            return f"{left}: {self.domain.cannot_tell}"
        if not self.domain.overlaps:
            return f"{left}: still undetermined, as {_blame(self.separating)}"
        if not self.labelled:
            return f"{left}: {self.headline}"
        total, concept = self.parts.combine(TOTAL), self.parts.combine(CONCEPT_PART)
        write = self.writer(total[2] - total[0])
        return (
            f"{left}: the {self.loss} {describe_change(total, write)}, "
            f"{write(concept[0], True)} of it not explained by the other inputs"
        )

    def _of_parts(self) -> list[str]:
        """Write a sentence about each part."""
        sentences = []
        covariate = self.parts.combine(COVARIATE, LEVEL)
        write = self.writer(covariate[2] - covariate[0])
        least = f"{self.minimum:.3g}"
        if self.relative and self.parts.loss_reference > 0:
            least = f"{100 * self.minimum / self.parts.loss_reference:.3g} %"
        if not self.labelled:
            sentences.append(
                f"{capital(self.lacking)}, so there is no figure for the concept: that takes "
                "outcomes of the same inputs in both periods. The covariate terms are estimated by "
                "reweighting the reference to the inputs of current, as if outcomes still "
                "followed from inputs as they did."
            )
        else:
            concept = self.parts.combine(CONCEPT_PART, LEVEL)
            write = self.writer(max(p[2] - p[0] for p in (concept, covariate)))
            change = describe_change(concept, write)
            sentences.append(f"With the same inputs the {self.loss} {change}")
            sentences[-1] += self._judged(CONCEPT_PART, concept, write, least)
        text = f"Changed inputs account for {_write_signed(covariate, write)}"
        text += self._judged(COVARIATE, covariate, write, least)
        sentences.append(text)
        if not self.inputs_differ:
            sentences[-1] = (
                f"{sentences[-1][:-1]}, and the inputs do not differ "
                f"(domain AUC {self.domain.auc:.3f}, p = {self.domain.p_value:.2g})."
            )
        sentences.append("Intervals in these sentences are at 97.5 %.")
        return sentences

    def _judged(
        self,
        part: tuple[int, ...],
        interval: tuple[float, float, float],
        write: Callable[..., str],
        least: str,
    ) -> str:
        _, lower, upper = interval
        if self.worse(part):
            return f": worse, and by more than the {least} that counts."
        if lower > 0:
            return f": worse, but by less than the {least} that counts."
        if upper > self.minimum:
            return f": not clearly worse, though these rows cannot exclude {write(upper)}."
        return ": better." if upper < 0 else ": not worse."


def _blame(separating: SeparatingFeatures | None) -> str:
    if separating is None or not separating.features:
        return "the features tell the two periods apart"
    names = quoted(separating.features)
    if not separating.settles:
        return f"many columns together tell the two periods apart, first of all {names}"
    return f"{names} tell{'s' * (len(separating.features) == 1)} the two periods apart"


def _no_overlap(domain: Domain, separating: SeparatingFeatures | None) -> str:
    separated = domain.auc > MOST_AUC
    measure = (
        f"domain AUC {domain.auc:.3f}"
        if separated
        else (f"effective share {domain.effective_share:.2f}")
    )
    sentences = (
        "The two periods have too few inputs in common to compare the model at the same inputs "
        f"({measure}): {_blame(separating)}"
    )
    if separating is None or not separating.settles:
        return f"{sentences}."
    them = "them" if len(separating.features) > 1 else "it"
    return (
        f"{sentences} (AUC {separating.auc_alone:.3f} alone, {separating.auc_without:.2f} without "
        f"{them}). "
        f"Leave {them} out of features= to compare the periods on the others."
    )


def describe_change(interval: tuple[float, float, float], write: Callable[..., str]) -> str:
    """Say that something rose, fell or changed, and by how much.

    Parameters
    ----------
    interval : (float, float, float)
        Value, lower and upper limit.
    write : callable
        A number to text, as `driftlib.written_numbers.number_writer` makes it; with True as a
        second argument the sign is written too.

    Returns
    -------
    str
        "rose" or "fell" only where the whole interval lies on one side of 0.

    Examples
    --------
    >>> describe_change((-0.04, -0.05, -0.03), number_writer(0.01))
    'fell by 0.040 (0.030 to 0.050)'
    """
    value, lower, upper = interval
    if lower > 0:
        return f"rose by {write(value)} ({write(lower)} to {write(upper)})"
    if upper < 0:
        return f"fell by {write(-value)} ({write(-upper)} to {write(-lower)})"
    return f"changed by {_write_signed(interval, write)}"


def _write_signed(interval: tuple[float, float, float], write: Callable[..., str]) -> str:
    value, lower, upper = (write(number, True) for number in interval)
    return f"{value} ({lower} to {upper})"
