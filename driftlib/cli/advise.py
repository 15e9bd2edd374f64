"""Run `driftlib advise`: keep a model, correct its scores, retrain it, wait, or mend its feed."""

from __future__ import annotations

import argparse
import json
from typing import Any

from driftlib.cli.options import add_columns, add_holdout, add_late, add_roles
from driftlib.cli.outcome import Outcome
from driftlib.text import printable


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "advise",
        description="Fit what could be done about a model (an offset, a threshold, a "
        "recalibration, a new model) on the older half of the current labels, judge it on the "
        "newer half, and say what is worth doing.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("reference", metavar="REFERENCE", help="Parquet or CSV file, or a glob")
    parser.add_argument("current", metavar="CURRENT", help="Parquet or CSV file, or a glob")
    parser.add_argument("--metric", help="what actions are judged by (default the Brier score)")
    parser.add_argument(
        "--price", type=float, help="of a retraining, in the metric's unit added up over rows (0)"
    )
    parser.add_argument(
        "--horizon", type=int, help="rows until the next decision (default as many as current has)"
    )
    parser.add_argument("--minimum-gain", type=float, help="smallest gain that counts")
    add_columns(parser)
    add_roles(parser)
    add_late(parser)
    add_holdout(parser)
    parser.add_argument("--task", help="binary, multiclass or regression (default: told)")
    parser.add_argument("--positive", help="the positive label of two (default the larger)")
    parser.add_argument(
        "--history", metavar="HISTORY", help="keep the advice there, and score earlier ones"
    )
    parser.add_argument("--model", help="whose history it is (default model)")
    parser.add_argument(
        "--json", metavar="FILE", dest="output", help="write all of it to a JSON file, too"
    )


def run(
    reference: str,
    current: str,
    output: str | None,
    history: str | None,
    model: str | None,
    **options: Any,
) -> Outcome:
    """Advise, and write what was found.

    Parameters
    ----------
    reference, current : str
        Paths.
    output, history, model : str, optional
        The file to write to; where advices are kept, and whose they are.
    **options
        Of `driftlib.advise`; None where not given.

    Returns
    -------
    Outcome
    """
    from driftlib.advising.advise import advise
    from driftlib.files import write_whole
    from driftlib.performance.training_rows import read_holdout
    from driftlib.reporting.tables import actions_table

    given = {name: value for name, value in options.items() if value is not None}
    if "holdout" in given:
        given["holdout"] = read_holdout(given["holdout"])
    found = advise(reference, current, **given)
    if output:
        write_whole(output, json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
    shown = [found.why]
    if len(found.table):
        shown.append(actions_table(found).to_string(index=False, na_rep="-"))
    if history:
        from driftlib.history.store import DEFAULT_MODEL, History

        kept = History(history, model or DEFAULT_MODEL).record_advice(found)
        earlier = kept.loc[kept["scored"] != "", ["start", "end", "action", "verdict", "regret"]]
        if len(earlier):
            shown.append("Earlier advices, by later labels:")
            shown.append(earlier.to_string(index=False, na_rep="-"))
    lines = "\n\n".join(shown).splitlines()
    return Outcome(text="\n".join(printable(line) for line in lines))
