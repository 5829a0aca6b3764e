"""Structured logs: one line an event, with the ids of the connection and the document.

A log call names its facts in `extra`; what a whole task has in common is bound once with
`bind`. Tokens and query strings are never logged: uvicorn, which prints paths with their
query, may only speak of warnings and errors.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Literal, TextIO

_bound: ContextVar[Mapping[str, object]] = ContextVar(
    "collab_log_fields", default=MappingProxyType({})
)
_ALWAYS = len(vars(logging.makeLogRecord({})))
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_PLAIN = re.compile("[!#-<>-~]+")
"""Printable ASCII without spaces, quotes and equals signs."""
_QUIET = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "asyncio",
    "aiosqlite",
    "sqlalchemy",
    "alembic",
)


class _Binding:
    """Not a generator: each connection keeps one or two for as long as it lives."""

    __slots__ = ("_fields", "_token")

    def __init__(self, fields: dict[str, object]) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _bound.set({**_bound.get(), **self._fields})

    def __exit__(self, *error: object) -> None:
        _bound.reset(self._token)


def bind(**fields: object) -> _Binding:
    """While it is entered, add `fields` to every line that the current task, and the tasks it
    makes, log."""
    return _Binding(fields)


def note(**fields: object) -> None:
    """The same for as long as the task lives, or until what was bound before it is left."""
    _bound.set({**_bound.get(), **fields})


class _Bound(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        fields = vars(record)
        for name, value in _bound.get().items():
            fields.setdefault(name, value)
        return True


def _fields(record: logging.LogRecord) -> dict[str, object]:
    # Those that every record has come first.
    more = islice(vars(record).items(), _ALWAYS, None)
    return {name: value for name, value in more if name not in _STANDARD}


def _moment(created: float) -> str:
    seconds = int(created)
    return f"{_second(seconds)}.{int((created - seconds) * 1000):03}Z"


@lru_cache(2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return self.line(record.created, record.levelname, record.name, record.getMessage(), fields)

    def line(
        self, created: float, level: str, name: str, message: str, fields: Mapping[str, object]
    ) -> str:
        line = {
            "time": _moment(created),
            "level": level.lower(),
            "logger": name,
            "message": message,
            **fields,
        }
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, logger, message, then `name=value`; a traceback follows on its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        line = self.line(
            record.created, record.levelname, record.name, record.getMessage(), _fields(record)
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line

    def line(
        self, created: float, level: str, name: str, message: str, fields: Mapping[str, object]
    ) -> str:
        # What comes from outside must not look like a line of its own.
        message = message.replace("\r", "\\r").replace("\n", "\\n")
        told = "".join([f" {name}={_text(value)}" for name, value in fields.items()])
        return f"{_moment(created)} {level:<7} {name} {message}{told}"


def _text(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes the lines of records, and of `event`."""

    def __init__(self, stream: TextIO, formatter: JsonFormatter | TextFormatter) -> None:
        super().__init__(stream)
        self.line = formatter.line
        self.setFormatter(formatter)
        self.addFilter(_Bound())

    def event(self, name: str, message: str, facts: dict[str, object]) -> None:
        line = self.line(time.time(), "INFO", name, message, facts)  # noqa: TID251 - as records
        # A line that cannot be written is lost, as that of a record.
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            self.stream.write(line + self.terminator)
            self.stream.flush()


def event(log: logging.Logger, message: str, **facts: object) -> None:
    """What `log.info(message, extra=facts)` does, for what happens on each connection: to make a
    record of it, and to read that again, would be a tenth of all that a connect takes."""
    handler = _only_handler(log)
    if handler is None:
        log.info(message, extra=facts)
    elif log.isEnabledFor(logging.INFO):
        for name, value in _bound.get().items():
            facts.setdefault(name, value)
        handler.event(log.name, message, facts)


def _only_handler(log: logging.Logger) -> _Handler | None:
    """Ours, if no other one or filter wants a record of what this logger says."""
    at = log
    while at.parent is not None:
        if at.handlers or at.filters or not at.propagate:
            return None
        at = at.parent
    only = at.handlers[0] if len(at.handlers) == 1 else None
    return only if isinstance(only, _Handler) else None


def configure(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr if None) from now on; replaces what was configured before."""
    formatter = JsonFormatter() if form == "json" else TextFormatter()
    handler = _Handler(sys.stderr if stream is None else stream, formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # No line says where in the code it comes from, or from which thread.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, root.level))
