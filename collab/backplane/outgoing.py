"""What a node has to say, as numbered messages."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from collab.backplane.gathering import Gathering, GatheringLimits
from collab.backplane.stats import BackplaneStats
from collab.backplane.wire import encode_message, encode_news
from collab.news import News

_log = logging.getLogger(__name__)

MESSAGE_BYTES: Final = 1 << 20
"""A message takes no more news once it is as large; one piece may go over it."""

MESSAGE_ENTRIES: Final = 2000
"""Likewise."""


@dataclass(frozen=True, slots=True)
class Words:
    """One message. `leaving`: the last."""

    number: int
    data: bytes
    leaving: bool


class Outgoing:
    """Gathers news, and numbers the messages that carry it.

    `next` gives the same message until `taken` says that it was sent: who tries again says it
    under the same number, so that those who heard it know. News that is dropped costs a number
    too, so that those who did not hear it know that.
    """

    def __init__(self, node: str, stats: BackplaneStats, limits: GatheringLimits | None) -> None:
        self._node = node
        self._stats = stats
        self._gathering = Gathering(limits)
        self._number = 0
        self._under_way: Words | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self._under_way or self._gathering)

    def put(self, news: News) -> None:
        self._stats.published += 1
        waiting = len(self._gathering)
        if not self._gathering.put(news):
            self._drop(waiting + 1)
        self._stats.waiting_bytes = self._gathering.bytes

    def next(self, leaving: bool) -> Words:
        """What is to be said now, be it only a number; `leaving` is said with the last."""
        if self._under_way is None:
            self._under_way = self._compose(leaving)
        return self._under_way

    def taken(self, words: Words) -> None:
        """Others hear it."""
        self._under_way = None
        self._stats.messages_sent += 1
        self._stats.bytes_sent += len(words.data)

    def refused(self) -> None:
        """It will never be taken. Its number is not given to another."""
        self._under_way = None
        self._stats.dropped += 1

    def _compose(self, leaving: bool) -> Words:
        entries: list[bytes] = []
        size = 0
        while size < MESSAGE_BYTES and len(entries) < MESSAGE_ENTRIES:
            if (news := self._gathering.pop()) is None:
                break
            try:
                entries.append(encode_news(news))
                size += len(entries[-1])
            except UnicodeEncodeError:
                _log.error("news of %r has no UTF-8 and is not sent", news.document)
                self._drop(1)
        self._stats.waiting_bytes = self._gathering.bytes
        self._number += 1
        leaving = leaving and not self._gathering
        return Words(
            self._number, encode_message(self._node, self._number, entries, leaving), leaving
        )

    def _drop(self, pieces: int) -> None:
        self._stats.dropped += pieces
        self._number += 1
