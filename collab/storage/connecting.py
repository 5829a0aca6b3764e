"""Connections to PostgreSQL: what their URL says, how long they may take, and how they fail."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from collab.errors import ConfigError, StorageError

APPLICATION: Final = "collab"

GRACE: Final = 2.0
"""Seconds that an answer may come after the server should have given up by itself."""

KEEPALIVE: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds of silence until the server is asked whether it lives, between questions; how many."""

STATEMENTS: Final = "prepared_statement_cache_size"
"""In a URL: how many statements a connection keeps prepared; 0 for poolers that mix them up."""

FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What the driver raises."""

ENDED: Final = ("08", "57P", "25P03", "25P04")
"""How the codes of errors begin after which a connection is over."""


class Connector:
    """Opens connections to the database that `url` names.

    `seconds` bounds each statement, the wait for a lock, and the opening; None: nothing does.
    """

    def __init__(self, url: URL, seconds: float | None) -> None:
        """Raises ConfigError for a URL that names no place."""
        query = {name: _texts(value) for name, value in url.query.items()}
        self.statements = _statements(query.pop(STATEMENTS, None))
        """How many a connection keeps prepared."""
        self._seconds = seconds
        self._unreachable = "the database cannot be reached"
        hosts, ports = _places(url, query.pop("host", []))
        if hosts:
            named = ", ".join(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))
            self._unreachable += f" at {named}"
        if "ssl" in query:  # as SQLAlchemy calls it
            query["sslmode"] = query.pop("ssl")
        # What else the URL says is for the driver, as in those of libpq: TLS and the like, and
        # settings of the session.
        rest = urlencode({name: values[-1] for name, values in query.items()})
        self._arguments: dict[str, Any] = {
            "dsn": f"postgresql:///?{rest}" if rest else None,
            "host": hosts or None,
            "port": ports or None,
            "user": url.username,
            "password": url.password,
            "database": url.database,
            "server_settings": _session(seconds),
            "statement_cache_size": self.statements,
            "command_timeout": None if seconds is None else seconds + GRACE,
            **({} if seconds is None else {"timeout": seconds}),
        }

    async def connect(self) -> Any:
        """A connection of asyncpg. Raises StorageError, and ConfigError for a URL that will never
        do."""
        try:
            connection = await asyncpg.connect(**self._arguments)
        except asyncpg.ClientConfigurationError as error:
            raise ConfigError(f"the URL of the database does not do: {_line(error)}") from error
        except FAILURES as error:
            raise StorageError(f"{self._unreachable}: {_line(error)}") from error
        _notice_silence(connection, self._seconds)
        return connection


def _session(seconds: float | None) -> dict[str, str]:
    settings = {
        "application_name": APPLICATION,
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",
    }
    if seconds is not None:
        limit = str(round(seconds * 1000))
        settings |= {
            "statement_timeout": limit,
            # Less, so that one document that is held up does not fail for a vague reason.
            "lock_timeout": str(round(seconds * 500)),
            "idle_in_transaction_session_timeout": limit,
        }
    return settings


def _texts(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _statements(values: list[str] | None) -> int:
    if values is None:
        return 100
    if not values[-1].isdigit():
        raise ConfigError(f"{STATEMENTS} in the URL of the database must be a number")
    return int(values[-1])


def _places(url: URL, given: list[str]) -> tuple[list[str], list[int]]:
    """Hosts or directories of sockets, and their ports: `?host=a:1&host=b:2` names several."""
    default = url.port or 5432
    if not given:
        return ([url.host], [default]) if url.host else ([], [])
    hosts, ports = [], []
    for place in ",".join(given).split(","):
        host, colon, port = place.rpartition(":")
        if not colon or place.startswith("/") or place.endswith("]"):
            host, port = place, str(default)
        if not port.isdigit():
            raise ConfigError("the port of the database must be a number")
        hosts.append(host.strip("[]"))
        ports.append(int(port))
    return hosts, ports


def _notice_silence(connection: Any, seconds: float | None) -> None:
    """Have the kernel end a connection whose other side is gone without a word: else only the
    next statement would find out, and wait."""
    transport = getattr(connection, "_transport", None)
    found = None if transport is None else transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        _set(found, name, value)
    if seconds is not None:
        _set(found, "TCP_USER_TIMEOUT", round(seconds * 1000))


def _set(found: Any, name: str, value: int) -> None:
    if (option := getattr(socket, name, None)) is not None:  # not every system has each
        found.setsockopt(socket.IPPROTO_TCP, option, value)


# --- Failures --------------------------------------------------------------------------


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Turn what the driver, or SQLAlchemy above it, raises into StorageError."""
    try:
        yield
    except (SQLAlchemyError, *FAILURES) as error:
        raise StorageError(_reason(driver_error(error))) from error


def driver_error(error: BaseException) -> BaseException:
    """What the driver raised, below what SQLAlchemy made of it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def code(error: BaseException) -> str:
    """PostgreSQL's own of five characters, or none."""
    return getattr(driver_error(error), "sqlstate", None) or ""


def undone(error: BaseException) -> bool:
    """Whether the server took all back, since others were in the way: worth another try."""
    return code(error) in ("40001", "40P01")


def lost(error: BaseException) -> bool:
    """Whether the connection is over, or hangs."""
    cause = driver_error(error)
    if isinstance(cause, asyncpg.InterfaceError):
        return "closed" in str(cause)
    hangs = isinstance(cause, OSError | asyncpg.InternalClientError)
    return hangs or code(error).startswith(ENDED)


def _reason(error: BaseException) -> str:
    if isinstance(error, PoolTimeout):
        return "the database is too slow: no connection became free in time"
    if isinstance(error, TimeoutError):
        return "the database did not answer in time"
    if isinstance(error, asyncpg.DataError):
        # Some of these quote the value, which is somebody's text.
        return "the database failed: it cannot hold a value"
    return f"the database failed: {_line(error)}"


def _line(error: BaseException) -> str:
    """The first line: PostgreSQL's details below quote values."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
