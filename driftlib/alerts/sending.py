"""Send alerts to people, and keep the secrets of receivers to ourselves."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from driftlib.alerts.making import Alert
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
    try:
        import apprise
    except ImportError as error:
        raise MissingExtraError("apprise", "alerts", "Sending alerts") from error
    body = "\n".join(f"[{alert.severity}] {alert.message}" for alert in alerts)
    failures = []
    for number, url in enumerate(receivers, start=1):
        # What is no URL of apprise's may be a secret from its first letter on.
        kind = "unreadable"
        with _silent():
            try:
                receiver = apprise.Apprise()
                sent = bool(receiver.add(url))
                if sent:
                    kind = url.partition(":")[0]
                    sent = bool(
                        receiver.notify(
                            title=title, body=body, body_format=apprise.NotifyFormat.TEXT
                        )
                    )
            except Exception:
                # Whatever a receiver's plug-in raises may hold the URL: neither shown nor kept.
                sent = False
        if not sent:
            failures.append(
                f"receiver {number} ({kind}) did not take the alerts: check its URL and that it "
                "can be reached."
            )
    return failures


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
