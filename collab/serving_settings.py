"""Settings of where the service is, what it stands on, and who gets in."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from collab.auth.origins import Origin, parse_origin

PREFIX = "COLLAB_"

Network = IPv4Network | IPv6Network


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


def _web_address(value: str) -> str:
    """An http or https URL that paths can be added to."""
    parts = urlsplit(value.strip())
    try:
        parse_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        raise ValueError("must be a URL such as https://notes.example.org") from None
    if parts.query or parts.fragment:
        raise ValueError("must end with its path")
    return parts.geturl().rstrip("/")


class ServingSettings(BaseModel):
    """Where the service is, what it stands on, and who gets in; `Settings` adds its bounds."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )

    host: Annotated[str, AfterValidator(_not_empty)] = Field(
        "127.0.0.1", description="Name or address to listen on; `0.0.0.0` for every network."
    )
    port: int = Field(8000, ge=0, le=65535, description="TCP port; `0` takes any free one.")
    data_dir: Path = Field(
        Path("data"),
        description="Directory of the embedded database; made if missing, readable to its "
        "owner only.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="SQLAlchemy URL of the database; SQLite in the data directory if unset. "
        "Any other is migrated by `collab migrate`, not at start.",
    )
    database_connections: int = Field(
        10, ge=2, le=1000, description="Connections of one process to PostgreSQL."
    )
    database_seconds: float = Field(
        10,
        ge=1,
        le=600,
        description="Time that a statement, or the wait for a connection, may take on PostgreSQL.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="URL of the Redis or Valkey that carries news between processes: "
        "`redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `redis+cluster://`.",
    )
    redis_prefix: Annotated[str, AfterValidator(_not_empty)] = Field(
        "collab",
        description="Begins the name of the channel there; services that share a Redis and no "
        "database need different ones.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that serve connections; more than one needs `COLLAB_REDIS_URL`.",
    )
    auth: Literal["open", "token"] | None = Field(
        None,
        description="`open`: whoever reaches the server edits. `token`: who brings a signed token "
        "or a share link. `open` is the default on a loopback host; on any other one of them must "
        "be said.",
    )
    jwt_secret: SecretStr | None = Field(
        None,
        description="Secret of at least 32 bytes that signs tokens (HS256), shared with the "
        "product that issues them.",
    )
    jwks: str | None = Field(
        None,
        description="File or `https` URL of the JSON Web Key Set with the public keys of the "
        "product that issues tokens.",
    )
    jwks_seconds: float = Field(
        300, ge=10, le=86400, description="Time after which the key set is read again."
    )
    jwt_issuer: str | None = Field(
        None, description="The `iss` that every token must have; needed for `token`."
    )
    jwt_audience: str = Field("collab", description="The `aud` that every token must have.")
    jwt_leeway_seconds: float = Field(
        5, ge=0, le=120, description="By how much the issuer's clock may differ from ours."
    )
    public_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None,
        description="URL that clients reach the server by, if it is not the one they call: "
        "`https://notes.example.org`.",
    )
    allowed_origins: tuple[Origin, ...] = Field(
        (),
        description="Origins, separated by commas, of other sites whose pages may call, and "
        "that a proxy in front serves: `https://notes.example.org`.",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses or networks, separated by commas, of proxies whose "
        "`X-Forwarded-For` is believed: `127.0.0.1, 10.0.0.0/8`.",
    )
    notes_app: bool = Field(True, description="Whether the notes app is served.")
    metrics_host: Annotated[str, AfterValidator(_not_empty)] = Field(
        "127.0.0.1", description="Name or address that `COLLAB_METRICS_PORT` is listened on at."
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="TCP port of `/metrics` alone, for whoever reaches it; the second process "
        "takes the next port, and so on.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="Secret of at least 16 bytes that `/metrics` on the main port asks for, as a "
        "bearer token; without one it answers on a loopback host in `open` mode only.",
    )

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(parse_origin(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value
