"""Send alerts to people, and keep the secrets of receivers to ourselves."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from driftlib.alerts.alert import Alert
from driftlib.errors import MissingExtraError


def deliver(alerts: Sequence[Alert], urls: Iterable[str], title: str = "Model drift") -> list[str]:
    """Send alerts to people: mail, Slack, Teams and whatever else apprise knows.

    Nothing is sent when there is no alert. A receiver that fails is reported and the others
    are served; the URLs hold secrets and appear in no message and no log.

    Parameters
    ----------
    alerts : sequence of Alert
        Each is one line of the message.
    urls : iterable of str
        Apprise URLs, such as `mailto://...` or `slack://...`.
    title : str
        Subject of a mail, head of a message.

    Returns
    -------
    list of str
        A sentence for each receiver that failed; empty when all were served.

    Raises
    ------
    MissingExtraError
        If there is something to send and apprise is not installed.

    Examples
    --------
    >>> deliver([], ["mailto://user:secret@example.org"])
    []
    """
    receivers = list(urls)
    if not alerts or not receivers:
        return []
    body = "\n".join(f"[{alert.severity}] {alert.message}" for alert in alerts)
    names = receiver_names(receivers)
    return [
        not_taken(name)
        for name, url in zip(names, receivers, strict=True)
        if not send(url, title, body)
    ]


def receiver_names(urls: Iterable[str]) -> list[str]:
    """Name receivers without their secrets.

    Parameters
    ----------
    urls : iterable of str
        Apprise URLs.

    Returns
    -------
    list of str
        Their numbers, and their kinds where apprise knows them.

    Raises
    ------
    MissingExtraError
        If apprise is not installed.

    Examples
    --------
    >>> receiver_names(["json://localhost/secret", "a secret"])
    ['1 (json)', '2 (unreadable)']
    """
    apprise = _apprise()
    names = []
    for number, url in enumerate(urls, start=1):
        with _silent():
            try:
                known = bool(apprise.Apprise().add(url))
            except Exception:
                known = False
        # What is no URL of apprise's may be a secret from its first letter on.
        names.append(f"{number} ({url.partition(':')[0] if known else 'unreadable'})")
    return names


def not_taken(receiver: str) -> str:
    """Say that a receiver did not take what was sent.

    Parameters
    ----------
    receiver : str
        As `receiver_names` calls it.

    Returns
    -------
    str
    """
    return f"receiver {receiver} did not take the alerts: check its URL and that it can be reached."


def send(url: str, title: str, body: str) -> bool:
    """Send a text to a receiver.

    Parameters
    ----------
    url : str
        An Apprise URL.
    title, body : str
        Plain text.

    Returns
    -------
    bool
        Whether it was taken.

    Raises
    ------
    MissingExtraError
        If apprise is not installed.
    """
    apprise = _apprise()
    with _silent():
        try:
            receiver = apprise.Apprise()
            text = apprise.NotifyFormat.TEXT
            return bool(receiver.add(url)) and bool(
                receiver.notify(title=title, body=body, body_format=text)
            )
        except Exception:
            # Whatever a receiver's plug-in raises may hold the URL: neither shown nor kept.
            return False


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise MissingExtraError("apprise", "alerts", "Sending alerts") from error
    return apprise


@contextmanager
def _silent() -> Iterator[None]:
    """Keep all of Python quiet for a while: what a plug-in writes may hold a URL's secrets.

    Plug-ins log under names of their own, those of their libraries too, and some print.
    """
    before = logging.root.manager.disable
    nowhere = io.StringIO()
    # Some libraries log above CRITICAL to be heard.
    logging.disable(sys.maxsize)
    try:
        with (
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
