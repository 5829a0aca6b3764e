"""Who listens on a node, and to what."""

from __future__ import annotations

import logging
from collections.abc import Callable

from collab.news import Event, Gone, Missed

_log = logging.getLogger(__name__)


class Subscribers:
    """Hands out what is heard. A subscriber that raises harms neither the others nor the caller."""

    def __init__(self) -> None:
        self._all: list[tuple[Callable[[str, Event], None], Callable[[str], bool] | None]] = []

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(
        self, receive: Callable[[str, Event], None], wanted: Callable[[str], bool] | None
    ) -> Callable[[], None]:
        """Returns the way to end it, which may be called again."""
        subscriber = (receive, wanted)
        self._all.append(subscriber)

        def stop() -> None:
            # By identity: the same function may have subscribed twice.
            self._all = [other for other in self._all if other is not subscriber]

        return stop

    def want(self, document: str) -> bool:
        """Whether anyone is told news of the document."""
        return any(wanted is None or wanted(document) for _, wanted in self._all)

    def tell(self, node: str, event: Event) -> None:
        document = None if isinstance(event, Missed | Gone) else event.document
        for subscriber in tuple(self._all):
            receive, wanted = subscriber
            if document is None or wanted is None or wanted(document):
                try:
                    receive(node, event)
                except Exception:
                    _log.exception("a subscriber failed at %s", type(event).__name__)
