"""Tell whether a page is asked for under a name that is its own."""

from __future__ import annotations

import re

from driftlib.errors import ParameterError
from driftlib.text import see_guide

# Names of this machine that no other server can take.
LOCAL = ("localhost", "127.0.0.1", "[::1]")


def check_host(host: str | None, address: str = "localhost") -> None:
    """Check that a browser asked for the page under a name that is the page's own.

    Another name may belong to a site that had its name lead here, to read the page.

    Parameters
    ----------
    host : str or None
        The request's header, with or without a port; None outside of a server.
    address : str
        The name that the page is configured to be reached under.

    Raises
    ------
    ParameterError
        If it is neither that name nor one of this machine.

    Examples
    --------
    >>> check_host("LOCALHOST:8501")
    >>> check_host("monitor.example.org", "monitor.example.org")
    >>> check_host("example.com:8501")
    Traceback (most recent call last):
    driftlib.errors.ParameterError: This page is not served under that name: open it as localhost,
    or start it with --browser.serverAddress and the name that people are to use. See "On the page"
    (docs/start/page.md).
    """
    if host is None:
        return
    name = re.sub(r":[0-9]*$", "", host.strip()).lower().removesuffix(".")
    if name not in (*LOCAL, address.lower(), f"[{address.lower()}]"):
        raise ParameterError(
            "This page is not served under that name: open it as localhost, or start it with "
            "--browser.serverAddress and the name that people are to use. "
            f"{see_guide('page')}"
        )
