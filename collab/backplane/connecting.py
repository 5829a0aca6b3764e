"""From COLLAB_REDIS_URL to connections, by what redis-py has for each kind of it.

A connection is used until its first error and never connects again by itself: a subscription that
is silently renewed has missed something, and nobody would know.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

from redis.asyncio import ConnectionPool, Sentinel
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from collab.errors import ConfigError

CONNECT_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 2.5
"""A Redis that takes longer to answer counts as gone."""

SENTINEL_SECONDS: Final = 1.0
"""Likewise a Sentinel: the next one is asked."""

REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379

SCHEMES: Final = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)


class Line:
    """One connection to Redis. Any error means that it is of no use any more."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def subscribe(self, channel: str) -> None:
        """Returns once what is published from now on will be heard."""
        await self._connection.send_command("SUBSCRIBE", channel, check_health=False)
        kind, *_ = await self._answer(ANSWER_SECONDS)
        if kind not in (b"subscribe", "subscribe"):
            raise RedisError(f"answered a subscription with {kind!r}")

    async def next(self, seconds: float) -> bytes:
        """The next message of the channel. Raises TimeoutError if none comes in time."""
        while True:
            answer = await self._answer(seconds)
            if isinstance(answer, list) and answer[0] in (b"message", "message"):
                return bytes(answer[2])

    async def publish(self, channel: str, message: bytes) -> None:
        """Returns once Redis has passed it on."""
        await self._connection.send_command("PUBLISH", channel, message, check_health=False)
        await self._answer(ANSWER_SECONDS)

    async def _answer(self, seconds: float) -> Any:
        answer = await self._connection.read_response(timeout=seconds)
        if answer is None:
            raise TimeoutError(f"nothing came for {seconds:g} s")
        return answer


class Connector:
    """Makes connections to what the URL names. Raises ConfigError for one that names nothing.

    `redis+cluster` lists nodes of a cluster, which carries news from any of them to all; each
    connection tries the next.
    """

    def __init__(self, url: str) -> None:
        self._turn = 0
        try:
            self._pools = list(_pools(url))
            for pool in self._pools:
                _connection(pool)  # an unknown option shows here
        except ConfigError:
            raise
        except Exception:
            # What the library says of it may repeat the password.
            raise ConfigError(
                "COLLAB_REDIS_URL is not a URL of Redis: it must look like "
                "redis://user:password@host:6379, rediss://... for TLS, unix:///path, "
                "redis+sentinel://host:26379,host:26379/service or redis+cluster://host,host"
            ) from None

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A new connection. Raises what redis-py raises, OSError or TimeoutError."""
        pool = self._pools[self._turn % len(self._pools)]
        self._turn += 1
        connection = _connection(pool)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            yield Line(connection)
        finally:
            # Not waited for: a Redis that stands still would be waited for.
            await connection.disconnect(nowait=True)

    async def aclose(self) -> None:
        for pool in self._pools:
            sentinel = getattr(pool, "sentinel_manager", None)
            for client in sentinel.sentinels if sentinel is not None else ():
                with suppress(RedisError, OSError, TimeoutError):
                    async with asyncio.timeout(SENTINEL_SECONDS):
                        await client.aclose()


def _connection(pool: ConnectionPool) -> Connection:
    return cast(Connection, pool.make_connection())  # type: ignore[no-untyped-call]


def hopeless(error: BaseException) -> str | None:
    """What to change if trying again will not help; no secret is in it."""
    if isinstance(error, NoPermissionError | AuthorizationError):
        return (
            "Redis does not let this user in to the channel: its ACL needs +publish, +subscribe "
            "and the channel of COLLAB_REDIS_PREFIX"
        )
    if isinstance(error, AuthenticationError):
        return "Redis refuses the user or the password in COLLAB_REDIS_URL"
    if isinstance(error, ResponseError):
        return f"Redis refuses what COLLAB_REDIS_URL asks for: {error}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of Redis is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return "Redis does not speak TLS there: COLLAB_REDIS_URL needs redis:// or another port"
        cause = cause.__cause__ or cause.__context__
    return None


def _pools(url: str) -> Iterator[ConnectionPool]:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("unknown scheme")
    scheme, _, kind = parts.scheme.partition("+")
    options: dict[str, Any] = {
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,  # no need of HELLO, nor of what newer servers push
    }
    if not kind:
        yield ConnectionPool.from_url(url, **options)
        return
    hosts = list(_hosts(parts, SENTINEL_PORT if kind == "sentinel" else REDIS_PORT))
    if kind == "cluster":
        credentials, at, _ = parts.netloc.rpartition("@")
        for host, port in hosts:
            netloc = f"{credentials}{at}{f'[{host}]' if ':' in host else host}:{port}"
            plain = parts._replace(scheme=scheme, netloc=netloc).geturl()
            yield ConnectionPool.from_url(plain, **options)
        return
    service, _, database = parts.path.lstrip("/").partition("/")
    if not service:
        raise ConfigError(
            "COLLAB_REDIS_URL must name the service that the Sentinels watch: "
            "redis+sentinel://host:26379,host:26379/service"
        )
    yield _sentinel_pool(parts, scheme, hosts, unquote(service), int(database or 0), options)


def _sentinel_pool(
    parts: SplitResult,
    scheme: str,
    hosts: list[tuple[str, int]],
    service: str,
    database: int,
    options: dict[str, Any],
) -> ConnectionPool:
    credentials, at, _ = parts.netloc.rpartition("@")
    synthetic = parts._replace(scheme=scheme, netloc=f"{credentials}{at}redis", path="")
    given: dict[str, Any] = dict(parse_url(synthetic.geturl()))
    for name in ("host", "port", "connection_class"):
        given.pop(name, None)
    own = {
        name.removeprefix("sentinel_"): given.pop(name)
        for name in ("sentinel_username", "sentinel_password")
        if name in given
    }
    options = options | given | {"db": database}
    if scheme == "rediss":
        options["ssl"] = True
        own |= {name: value for name, value in given.items() if name.startswith("ssl_")}
        own["ssl"] = True
    timeouts = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    own |= timeouts | {"protocol": 2, "retry": Retry(NoBackoff(), 0)}
    sentinel = Sentinel(hosts, sentinel_kwargs=own, **options)  # type: ignore[no-untyped-call]
    return SentinelConnectionPool(service, sentinel, **options)  # type: ignore[no-untyped-call]


def _hosts(parts: SplitResult, default: int) -> Iterator[tuple[str, int]]:
    for one in parts.netloc.rpartition("@")[2].split(","):
        address = urlsplit(f"//{one}")
        if not address.hostname:
            raise ValueError("a host is missing")
        yield address.hostname, address.port or default
