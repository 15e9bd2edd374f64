"""Tell notebooks and their kernels that they run for a report."""

from __future__ import annotations

import os
from pathlib import Path

REPORT_VARIABLE = "DRIFTLIB_REPORT"


def in_report() -> bool:
    """Tell whether this process runs a notebook for a report, where nobody can move a slider.

    Returns
    -------
    bool
        False in JupyterLab and everywhere else.
    """
    return os.environ.get(REPORT_VARIABLE) == "1"


def worker_environment() -> dict[str, str]:
    """Name the environment variables of a worker, and so of its kernels.

    Returns
    -------
    dict of str
        This process's own, with what makes a report quiet and the same on every run.
    """
    library = str(Path(__file__).resolve().parents[2])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        REPORT_VARIABLE: "1",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "1",
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # The same data gives the same page, whatever order sets are walked in.
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(paths),
        "TQDM_DISABLE": "1",
    }
