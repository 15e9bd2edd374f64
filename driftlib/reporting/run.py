"""Run the notebooks on some data; leave pages, data files and an index."""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from driftlib.data.sql_address import secrets_in_environment
from driftlib.errors import MissingExtraError, ParameterError
from driftlib.files import home_path, json_ready
from driftlib.reporting.evidently import COLUMN_ARGUMENTS, DRIFT_PAGE
from driftlib.reporting.jobs import Job, longest_first
from driftlib.reporting.parameters import (
    CHECK_ONLY,
    Parameter,
    assign,
    declared,
    find_notebooks,
    project_source,
    read_parameters,
)
from driftlib.reporting.pool import supervise
from driftlib.reporting.result import ReportResult, RunResult

NEEDED = {"papermill": "papermill", "nbconvert": "nbconvert", "ipykernel": "ipykernel"}


def run_report(
    parameters: Mapping[str, Any] | None = None,
    *,
    params: str | Path | None = None,
    output: str | Path | None = None,
    notebooks: str | Path | Iterable[str | Path] | None = None,
    evidently: bool = False,
    audit: bool = False,
    advice: bool = False,
    timeout: int = 600,
    workers: int = 2,
    progress: bool = True,
) -> RunResult:
    """Run the notebooks on some data; write a page each, their data files and an index.

    A notebook that fails leaves a page that says why, and the others go on. Every file is
    written whole or not at all, and two runs may write into one folder.

    Parameters
    ----------
    parameters : dict, optional
        Values by name, for the notebooks that declare them; they win over `params`.
        Relative paths in `reference`, `current` and `output` start at the working directory.
    params : path, optional
        Flat YAML file of further parameters.
    output : path, optional
        Folder to write to: by default the parameter `output`, or else "reports".
    notebooks : path or list of paths, optional
        A folder or files; by default the project's own.
    evidently : bool
        Whether to write Evidently's reports on the same data, too.
    audit : bool
        Whether to run the project's notebook that audits the monitor on the reference, too.
    advice : bool
        Whether to run the project's notebook that says what to do about the model, too.
    timeout : int
        Seconds that one cell may take.
    workers : int
        Notebooks that run at the same time.
    progress : bool
        Whether to report progress on standard error.

    Returns
    -------
    RunResult
        With the state, verdict and alerts of each report; `index` is the page to open first.

    Raises
    ------
    ParameterError
        If no notebook declares a parameter, or its value is of the wrong type.
    DataError
        If there are no notebooks, or the folder cannot be written.
    MissingExtraError
        If the packages for notebooks, or Evidently, are not installed.
    """
    for package, module in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(package, "notebooks", "Making a report")
    if workers < 1 or timeout < 1:
        raise ParameterError("workers and timeout must be at least 1.")
    found = read_parameters(params) if params else {}
    found = {name: value for name, value in found.items() if name not in CHECK_ONLY}
    # No notebook, page or list of runs ever has a password.
    given = secrets_in_environment(found | dict(parameters or {}))
    folder = home_path(output or given.pop("output", None) or "reports").absolute()
    given.pop("output", None)
    paths = find_notebooks(notebooks)
    schemas = {name: declared(path) for name, path in paths.items()}
    assigned = assign(given, paths)
    ours = notebooks is None or (isinstance(notebooks, str | Path) and Path(notebooks).is_dir())
    if ours and any(given.get(role) for role in ("reference", "current")):
        # The demo is of data of its own.
        paths.pop("demo", None)
    # One checks the reference hundreds of times, one fits new models, one is to be read live.
    for name, wanted in (("audit", audit), ("advice", advice), ("tour", False)):
        if ours and not wanted:
            paths.pop(name, None)
    jobs = []
    for name, path in paths.items():
        own = assigned[name] | ({"output": str(folder)} if "output" in schemas[name] else {})
        jobs.append(Job(name, str(folder / f"{name}.html"), own, str(path), timeout))
    if evidently:
        jobs.append(_evidently_job(folder, assigned, schemas))

    run = RunResult(
        id=uuid.uuid4().hex[:12],
        output=folder,
        reports=tuple(ReportResult(job.name, job.title, Path(job.page).name) for job in jobs),
        parameters=json_ready(given),
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return supervise(run, longest_first(jobs), workers, progress)


def _evidently_job(
    folder: Path,
    assigned: Mapping[str, Mapping[str, Any]],
    schemas: Mapping[str, Mapping[str, Parameter]],
) -> Job:
    """Job for Evidently, with the same data and columns as the notebooks have."""
    if importlib.util.find_spec("evidently") is None:
        raise MissingExtraError("evidently", "evidently", "Evidently's report")
    values: dict[str, Any] = {}
    for name, schema in schemas.items():
        for parameter in schema.values():
            values.setdefault(parameter.name, assigned[name].get(parameter.name, parameter.default))
    if not all(values.get(role) for role in ("reference", "current")):
        raise ParameterError(
            "no notebook has the parameters 'reference' and 'current', so there is no data for "
            "Evidently: leave evidently out."
        )
    data = {role: str(project_source(values[role])) for role in ("reference", "current")}
    columns = {name: values[name] for name in COLUMN_ARGUMENTS if values.get(name)}
    return Job("evidently", str(folder / DRIFT_PAGE), data | columns)
