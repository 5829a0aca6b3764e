"""Structured logs: one line an event, with the ids of the connection and the document.

A log call names its facts in `extra`; what a whole task has in common is bound once with
`bind`. Tokens and query strings are never logged: uvicorn, which prints paths with their
query, may only speak of warnings and errors.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, TextIO

_bound: ContextVar[Mapping[str, object]] = ContextVar(
    "collab_log_fields", default=MappingProxyType({})
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
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
        for name, value in _bound.get().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _moment(record: logging.LogRecord) -> str:
    seconds = int(record.created)
    return f"{_second(seconds)}.{int((record.created - seconds) * 1000):03}Z"


@lru_cache(2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, logger, message, then `name=value`; a traceback follows on its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        # What comes from outside must not look like a line of its own.
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        parts = [_moment(record), f"{record.levelname:<7}", record.name, message]
        parts += [f"{name}={_text(value)}" for name, value in _fields(record).items()]
        line = " ".join(parts)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _text(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and not set(' "=').intersection(text)
    return text if plain and text else json.dumps(text)


def configure(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr if None) from now on; replaces what was configured before."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(_Bound())
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
