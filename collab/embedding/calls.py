"""Calls into the product's code: bounded in time, and harmless when they fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from collab.errors import CollabError, Unavailable

_log = logging.getLogger(__name__)

CALL_SECONDS = 30.0
"""What one call of a hook may take; then it is cancelled."""

Answer = TypeVar("Answer")


class Calls:
    """Runs hooks; what they raise without a say in it is logged and counted here."""

    def __init__(self, seconds: float = CALL_SECONDS) -> None:
        self._seconds = seconds
        self.failures = 0

    async def tell(self, hook: Callable[[], Awaitable[None]], name: str, document: str) -> None:
        """Call a hook that has no say. Raises nothing but the cancellation of the caller."""
        try:
            async with asyncio.timeout(self._seconds):
                await hook()
        except asyncio.CancelledError as error:
            if _cancelled():
                raise
            self._report(error, name, document)
        except Exception as error:
            self._report(error, name, document)

    async def ask(
        self, hook: Callable[[], Awaitable[Answer | None]], kind: type[Answer], name: str
    ) -> Answer | None:
        """Call a hook that decides. What it raises of `collab.errors` is its answer, and raised
        here; when it fails otherwise, or answers with anything but a `kind`, it is Unavailable."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await hook()
            if answer is not None and not isinstance(answer, kind):
                raise TypeError(f"{name} returned {type(answer).__name__}, not {kind.__name__}")
        except CollabError:
            raise
        except asyncio.CancelledError as error:
            if _cancelled():
                raise
            self._report(error, name)
        except Exception as error:
            self._report(error, name)
        else:
            return answer
        raise Unavailable("the product does not answer; try again")

    def _report(self, error: BaseException, name: str, document: str | None = None) -> None:
        self.failures += 1
        facts = {"hook": name} if document is None else {"hook": name, "document": document}
        _log.error("a hook failed", exc_info=error, extra=facts)


def _cancelled() -> bool:
    """Whether the running task is to end, and not only something that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
