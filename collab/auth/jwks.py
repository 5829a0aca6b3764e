"""The key set of the product that issues tokens: read, kept, and read again as keys rotate."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from collab.auth.keys import PublicKey, parse_key_set
from collab.auth.origins import is_loopback
from collab.errors import CollabError, ConfigError, Unavailable
from collab.interfaces import Clock

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)

MAX_BYTES: Final = 512 * 1024
READ_SECONDS: Final = 5.0
"""Time that one attempt may take."""

PAUSE_SECONDS: Final = 2.0
"""The least time between two attempts. Tokens with unknown keys come from anyone."""

RETRY_SECONDS: Final = 30.0
"""The pause after an attempt that failed while keys are there to go on with."""

STALE_SECONDS: Final = 24 * 3600.0
"""So long are keys used if the set cannot be read any more."""


class KeySource(Protocol):
    """Where a key set lies."""

    async def read(self) -> bytes:
        """At most MAX_BYTES. Raises OSError or ValueError, with a message for operators."""

    async def aclose(self) -> None: ...


class FileSource:
    """A key set in a file, which is replaced when keys rotate."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> bytes:
        return await asyncio.to_thread(self._read)

    async def aclose(self) -> None:
        pass

    def _read(self) -> bytes:
        with self._path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        return data


class UrlSource:
    """A key set on another server. Redirects are not followed: they could lead out of TLS."""

    def __init__(self, url: str) -> None:
        import httpx  # here, since a file or a secret needs none of it

        self._url = url
        self._failures = (httpx.HTTPError, httpx.InvalidURL)
        host = urlsplit(url).hostname or ""
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            timeout=READ_SECONDS,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            # A proxy for the way out does not lead to this machine.
            trust_env=not is_loopback(host),
        )

    async def read(self) -> bytes:
        try:
            async with asyncio.timeout(READ_SECONDS), self._http.stream("GET", self._url) as answer:
                return await _body(answer)
        except TimeoutError:
            raise OSError("it did not answer in time") from None
        except self._failures as error:
            raise OSError(str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        await self._http.aclose()


async def _body(answer: httpx.Response) -> bytes:
    if answer.status_code != 200:
        raise ValueError(f"it answers with status {answer.status_code}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("it sends a compressed body that was not asked for")
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
    return bytes(data)


def key_source(place: str) -> KeySource:
    """The source that COLLAB_JWKS names: a file, or an https URL (http for this machine).
    Raises ConfigError."""
    if "://" not in place:
        return FileSource(Path(place))
    try:
        parts = urlsplit(place)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))):
        raise ConfigError("COLLAB_JWKS must be a file or an https URL (http for loopback hosts)")
    return UrlSource(place)


class KeySet:
    """The keys of a source, read again after `seconds`, and when a token names one that is not
    there. Attempts never overlap."""

    def __init__(self, source: KeySource, clock: Clock, seconds: float) -> None:
        self._source = source
        self._clock = clock
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._attempts = 0
        # Monotonic: when the keys were read, the last attempt ended, and the next is due.
        self._read_at = self._ended = self._due = float("-inf")

    async def start(self) -> None:
        """Read the keys for the first time. Raises ConfigError."""
        try:
            self._keep(parse_key_set(await self._source.read()))
        except (OSError, ValueError, CollabError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"COLLAB_JWKS cannot be read: {reason}") from error

    async def aclose(self) -> None:
        await self._source.aclose()

    async def find(self, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """The keys that a token with this header may be signed with; usually one.

        Raises Unavailable if there are no keys, since none could be read for a long time.
        """
        asked = self._attempts
        if self._clock.monotonic() >= self._due:
            await self._refresh(asked)
        found = self._fitting(kid, algorithm)
        if not found and kid is not None:
            await self._refresh(asked)
            found = self._fitting(kid, algorithm)
        if self._clock.monotonic() - self._read_at >= STALE_SECONDS:
            raise Unavailable("The keys that tokens are checked with cannot be read.")
        return found

    def _fitting(self, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        return tuple(
            key
            for key in self._keys
            if algorithm in key.algorithms and (kid is None or key.kid == kid)
        )

    async def _refresh(self, asked: int) -> None:
        """Read the keys, unless an attempt began after the first `asked`: whoever comes during
        one waits for the next, since what it looks for may have been put there meanwhile."""
        async with self._lock:
            if self._attempts > asked:
                return
            pause = self._ended + PAUSE_SECONDS - self._clock.monotonic()
            if pause > 0:
                await self._clock.sleep(pause)
            self._attempts += 1
            try:
                self._keep(parse_key_set(await self._source.read()))
            except (OSError, ValueError, CollabError) as error:
                self._due = self._clock.monotonic() + RETRY_SECONDS
                _log.warning("the key set cannot be read", extra={"reason": str(error)})
            finally:
                self._ended = self._clock.monotonic()

    def _keep(self, keys: tuple[PublicKey, ...]) -> None:
        now = self._clock.monotonic()
        self._keys, self._read_at, self._due = keys, now, now + self._seconds
