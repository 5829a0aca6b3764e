"""Settings: the table in the docs, the defaults, and what a wrong one says."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from collab.admission.connections import AdmissionLimits
from collab.auth.origins import Origin
from collab.errors import ConfigError
from collab.protocol.close import CloseCode
from collab.room.limits import RoomLimits
from collab.settings import Settings, load_settings, unknown_variables
from collab.tuning import admission_limits, room_limits

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("COLLAB_"):
            monkeypatch.delenv(name)


def test_the_table_and_the_code_agree() -> None:
    """Every setting is in docs/configuration.md with its default and meaning, and no other."""
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(COLLAB_\w+)` \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    code = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{field.default}`"
        code.append((f"COLLAB_{name.upper()}", default, field.description))
    assert rows == code
    assert set(re.findall(r"COLLAB_\w+", page)) <= {row[0] for row in rows}


def test_the_close_codes_and_their_table_agree() -> None:
    page = (DOCS / "close-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{4}) \| `(\w+)` \|", page, re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(c.value, c.name) for c in CloseCode]


def test_defaults_are_those_of_the_parts() -> None:
    assert room_limits(load_settings()) == RoomLimits(update=room_limits(load_settings()).update)
    assert admission_limits(load_settings()) == AdmissionLimits()
    assert room_limits(load_settings()).update.max_bytes == load_settings().first_sync_bytes


VALUES = {
    "HOST": ("::1", "::1"),
    "PORT": ("0", 0),
    "DATA_DIR": ("/srv/collab", Path("/srv/collab")),
    "AUTH": ("open", "open"),
    "ALLOWED_ORIGINS": (
        "https://a.example, http://b.example:3000",
        (Origin("https", "a.example", 443), Origin("http", "b.example", 3000)),
    ),
    "JWT_ISSUER": ("shop", "shop"),
    "JWT_AUDIENCE": ("notes", "notes"),
    "JWT_LEEWAY_SECONDS": ("0", 0),
    "JWKS": ("/srv/keys.json", "/srv/keys.json"),
    "JWKS_SECONDS": ("60", 60),
    "PUBLIC_URL": ("https://n.example", "https://n.example"),
    "TRUSTED_PROXIES": (
        "127.0.0.1, 10.0.0.0/8",
        (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8")),
    ),
    "NOTES_APP": ("false", False),
    "SLOW_SECONDS": ("7", 7),
    "UNRESOLVED_BYTES": ("100000", 100000),
    "PEERS_PER_DOCUMENT": ("9", 9),
    "DOCUMENTS_PER_CONNECTION": ("9", 9),
    "UNAUTHENTICATED_BYTES": ("100000", 100000),
    "CONNECTIONS": ("9", 9),
    "CONNECTIONS_PER_USER": ("9", 9),
    "CONNECTIONS_PER_ADDRESS": ("9", 9),
    "CONNECT_RATE": ("0.5", 0.5),
    "MESSAGE_RATE": ("9", 9),
    "MESSAGE_RATE_USER": ("9", 9),
    "MESSAGE_RATE_ADDRESS": ("9", 9),
    "BYTE_RATE": ("9", 9),
    "RATE_PATIENCE_SECONDS": ("9", 9),
    "REQUEST_RATE": ("9", 9),
    "DATABASE_CONNECTIONS": ("4", 4),
    "DATABASE_SECONDS": ("4", 4),
    "REDIS_PREFIX": ("notes", "notes"),
    "WORKERS": ("4", 4),
    "METRICS_HOST": ("::1", "::1"),
    "METRICS_PORT": ("9464", 9464),
    "DOCUMENT_WORKERS": ("4", 4),
    "DOCUMENT_WORKER_MEMORY_BYTES": ("536870912", 536870912),
    "DOCUMENT_WORKER_SECONDS": ("5.5", 5.5),
    "MESSAGE_BYTES": ("100000", 100000),
    "FIRST_SYNC_BYTES": ("200000", 200000),
    "DOCUMENT_BYTES": ("2000000", 2000000),
    "OUTBOX_BYTES": ("100000", 100000),
    "PENDING_BYTES": ("2000000", 2000000),
    "PENDING_BYTES_TOTAL": ("3000000", 3000000),
    "IDLE_UNLOAD_SECONDS": ("1", 1),
    "COMPACT_AFTER_ROWS": ("9", 9),
    "COMPACT_AFTER_BYTES": ("9000", 9000),
    "HEARTBEAT_SECONDS": ("2.5", 2.5),
    "JOIN_SECONDS": ("3", 3),
    "DRAIN_SECONDS": ("2", 2),
    "LOG_LEVEL": ("debug", "debug"),
    "LOG_FORMAT": ("json", "json"),
}


@pytest.mark.parametrize(("name", "value"), VALUES.items())
def test_each_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: tuple[str, object]
) -> None:
    monkeypatch.setenv(f"COLLAB_{name}", value[0])
    assert getattr(load_settings(), name.lower()) == value[1]


def test_every_setting_was_tried() -> None:
    assert {*VALUES, "DATABASE_URL", "JWT_SECRET", "REDIS_URL", "METRICS_TOKEN"} == {
        name.upper() for name in Settings.model_fields
    }


WRONG = {
    "HOST": " ",
    "PORT": "tcp://10.0.0.1:8000",
    "AUTH": "none",
    "ALLOWED_ORIGINS": "https://a.example/path",
    "TRUSTED_PROXIES": "proxy.example",
    "PUBLIC_URL": "notes.example.org",
    "MESSAGE_RATE": "0",
    "WORKERS": "0",
    "MESSAGE_BYTES": "1",
    "HEARTBEAT_SECONDS": "18",
    "DRAIN_SECONDS": "9",
    "LOG_LEVEL": "loud",
    "DOCUMENT_WORKER_SECONDS": "nan",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_one_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"COLLAB_{name}", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"COLLAB_{name} ")
    assert "\n" not in str(caught.value)


def test_all_wrong_ones_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_PORT", "x")
    monkeypatch.setenv("COLLAB_DOCUMENT_WORKERS", "x")
    with pytest.raises(ConfigError, match=r"COLLAB_PORT .*; COLLAB_DOCUMENT_WORKERS "):
        load_settings()


def test_the_password_of_the_database_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_DATABASE_URL", "postgresql://me:hush@db/x")
    settings = load_settings()
    assert "hush" not in repr(settings)
    assert "hush" not in settings.model_dump_json()
    assert settings.database == "postgresql://me:hush@db/x"
    assert not settings.embedded


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.53"])
def test_open_is_the_default_on_loopback(host: str) -> None:
    load_settings(host=host).require_safe_exposure()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "notes.example"])
def test_open_on_a_network_must_be_said(host: str) -> None:
    """[AC4] a network bind without COLLAB_AUTH=open does not start."""
    with pytest.raises(ConfigError, match="COLLAB_AUTH=open"):
        load_settings(host=host).require_safe_exposure()
    load_settings(host=host, auth="open").require_safe_exposure()


def test_the_data_directory_is_private(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    settings.make_data_dir()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    settings.make_data_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="COLLAB_DATA_DIR"):
        load_settings(data_dir=tmp_path / "file" / "data").make_data_dir()


def test_a_typing_error_in_a_name_is_noticed() -> None:
    lines = unknown_variables({"COLLAB_PROT": "1", "COLLAB_SERVICE_HOST": "x", "PATH": "y"})
    assert lines == [
        "COLLAB_PROT is not a setting; did you mean COLLAB_PORT?",
        "COLLAB_SERVICE_HOST is not a setting",
    ]
