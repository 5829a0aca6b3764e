"""Every setting, read from environment variables that start with COLLAB_.

docs/configuration.md has the same table; a test compares the two.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, ValidationError

from collab.auth.origins import is_loopback
from collab.errors import ConfigError
from collab.serving_settings import PREFIX, ServingSettings

KIB = 1024
MIB = 1024 * KIB

MIN_SECRET = 32
"""Bytes of a secret that signs tokens, as many as its hash has: with fewer, whoever holds one
token can try out secrets."""

MIN_METRICS_TOKEN = 16


class Settings(ServingSettings):
    """Immutable; made by `load_settings`, which turns faults into one ConfigError."""

    document_workers: int = Field(
        2, ge=1, le=64, description="Processes that compact, render and check large updates."
    )
    document_worker_memory_bytes: int = Field(
        1024 * MIB, ge=256 * MIB, description="Address space of one such process."
    )
    document_worker_seconds: float = Field(
        30, ge=1, le=600, description="Time that one request to such a process may take."
    )
    message_bytes: int = Field(
        2 * MIB, ge=64 * KIB, description="Largest WebSocket message from a peer."
    )
    first_sync_bytes: int = Field(
        8 * MIB,
        ge=64 * KIB,
        description="Largest content that an editor may bring in one message, once a "
        "connection, after it worked offline.",
    )
    document_bytes: int = Field(
        64 * MIB, ge=1 * MIB, description="Stored size from which a document takes deletions only."
    )
    outbox_bytes: int = Field(
        4 * MIB,
        ge=64 * KIB,
        description="What may wait for a slow peer before updates are merged for it.",
    )
    slow_seconds: float = Field(
        30, ge=1, le=600, description="A peer that reads nothing for as long is closed."
    )
    unresolved_bytes: int = Field(
        4 * MIB,
        ge=64 * KIB,
        description="Updates of one document, and of one peer, that wait for others to come.",
    )
    peers_per_document: int = Field(
        5000, ge=1, le=1_000_000, description="Connections to one document."
    )
    documents_per_connection: int = Field(
        100, ge=1, le=10_000, description="Documents open on one connection (Hocuspocus wire)."
    )
    unauthenticated_bytes: int = Field(
        1 * MIB,
        ge=64 * KIB,
        description="What a connection may send before it has said who it is (Hocuspocus wire).",
    )
    connections: int = Field(20_000, ge=1, le=1_000_000, description="Connections of one process.")
    connections_per_user: int = Field(
        200, ge=1, le=1_000_000, description="Connections of one user with a token."
    )
    connections_per_address: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="Connections from one address (of IPv6, one /64 network); loopback addresses "
        "have no limit of this kind.",
    )
    connect_rate: float = Field(
        50, gt=0, description="New connections a second from one address, over ten seconds."
    )
    message_rate: float = Field(
        2000,
        gt=0,
        description="Messages a second of one connection, over ten seconds; what comes faster "
        "waits.",
    )
    message_rate_user: float = Field(
        4000, gt=0, description="The same for all connections of one user with a token."
    )
    message_rate_address: float = Field(
        5000, gt=0, description="The same for all connections from one address."
    )
    byte_rate: float = Field(
        4 * MIB,
        gt=0,
        description="Bytes a second of one connection, over ten seconds; what comes faster waits.",
    )
    rate_patience_seconds: float = Field(
        30, ge=1, le=600, description="A peer that is held back for as long on end is closed."
    )
    request_rate: float = Field(
        100,
        gt=0,
        description="HTTP requests a second of one address or user, over ten seconds.",
    )
    pending_bytes: int = Field(
        16 * MIB,
        ge=1 * MIB,
        description="Uncommitted edits of one document; over it, writers are told to try later.",
    )
    pending_bytes_total: int = Field(
        128 * MIB, ge=1 * MIB, description="Uncommitted edits of all documents."
    )
    idle_unload_seconds: float = Field(
        30,
        ge=1,
        le=86400,
        description="A document without peers leaves memory after this long, or once 1,000 others "
        "have none either.",
    )
    compact_after_rows: int = Field(
        2000, ge=2, le=100_000, description="Log rows after which a document is compacted."
    )
    compact_after_bytes: int = Field(
        512 * KIB, ge=1 * KIB, description="Log size after which a document is compacted."
    )
    heartbeat_seconds: float = Field(
        15,
        ge=1,
        le=17,
        description="Time between pings; a peer that leaves one unanswered for as long again "
        "is closed.",
    )
    join_seconds: float = Field(
        15, ge=1, le=120, description="Time to let a peer in, loading its document included."
    )
    drain_seconds: float = Field(
        5, ge=1, le=5, description="Time to save what is pending when the server stops."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="`debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`text`, or `json` for one object a line."
    )

    @property
    def embedded(self) -> bool:
        """Whether the database is the default, and so is ours to make and to migrate."""
        return self.database_url is None

    @property
    def database(self) -> str:
        """The URL of the database in use. Holds a password: not for logs."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'collab.db'}"

    def require_safe_exposure(self) -> None:
        """Raise ConfigError if the server would be open to a network without saying so, or
        could not tell whom to let in."""
        if self.auth is None and not is_loopback(self.host):
            raise ConfigError(
                f"COLLAB_HOST={self.host} lets the network in: set COLLAB_AUTH=token to let in "
                "who brings a token, COLLAB_AUTH=open if everyone who reaches it may edit, or "
                "COLLAB_HOST=127.0.0.1"
            )
        if self.auth == "token":
            self.require_token_settings()
        if self.workers > 1 and self.redis_url is None:
            raise ConfigError(
                f"COLLAB_WORKERS={self.workers} processes need a Redis to hear of each other's "
                "edits: set COLLAB_REDIS_URL, or COLLAB_WORKERS=1"
            )
        token = self.metrics_token
        if token is not None and len(token.get_secret_value().encode()) < MIN_METRICS_TOKEN:
            raise ConfigError(f"COLLAB_METRICS_TOKEN must have at least {MIN_METRICS_TOKEN} bytes")

    def require_token_settings(self) -> None:
        """Raise ConfigError unless there is what tokens are checked by."""
        if self.auth != "token":
            raise ConfigError("COLLAB_AUTH is not token: nobody needs a token")
        if self.jwt_secret is None and self.jwks is None:
            raise ConfigError("COLLAB_AUTH=token needs COLLAB_JWT_SECRET or COLLAB_JWKS")
        if self.jwt_issuer is None:
            raise ConfigError("COLLAB_AUTH=token needs COLLAB_JWT_ISSUER")
        secret = b"" if self.jwt_secret is None else self.jwt_secret.get_secret_value().encode()
        if secret and len(secret) < MIN_SECRET:
            raise ConfigError(f"COLLAB_JWT_SECRET must have at least {MIN_SECRET} bytes")

    def make_data_dir(self) -> None:
        """Make the data directory if it is needed. Raises ConfigError."""
        if not self.embedded:
            return
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"COLLAB_DATA_DIR={self.data_dir} cannot be made: {error.strerror or error}"
            ) from error


def load_settings(**overrides: object) -> Settings:
    """The settings of the environment; `overrides` go before it.

    Raises ConfigError, which names each wrong variable and repeats no value.
    """
    try:
        return Settings.model_validate({**_from_environment(os.environ), **overrides})
    except ValidationError as error:
        raise ConfigError("; ".join(_faults(error))) from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings that have a variable, in capitals or not; an empty one says nothing."""
    said = {name.upper(): value for name, value in environ.items() if value}
    variables = {name: PREFIX + name.upper() for name in Settings.model_fields}
    return {name: said[variable] for name, variable in variables.items() if variable in said}


def _faults(error: ValidationError) -> Iterable[str]:
    for item in error.errors(include_url=False, include_input=False):
        message = str(item["msg"]).removeprefix("Value error, ").replace("Input should", "should")
        yield f"{PREFIX}{str(item['loc'][0]).upper()} {message}"


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A line for each variable with our prefix that is no setting.

    Not an error: Kubernetes sets COLLAB_SERVICE_HOST and the like for a service of that name.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    lines = []
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.86)
            hint = f"; did you mean {close[0]}?" if close else ""
            lines.append(f"{name} is not a setting{hint}")
    return lines
