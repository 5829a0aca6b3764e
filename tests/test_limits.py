"""docs/limits.md: every limit, as the code has it."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from collab.protocol.close import CloseCode
from collab.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")
ROW = re.compile(r"^\| `([\w.]+)` \| `(.+?)` \| (.+?) \| (.+?) \| `(.+?)::(\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE)

NO_LIMITS = {
    "HOST", "PORT", "DATA_DIR", "DATABASE_URL", "AUTH", "JWT_SECRET", "JWKS", "JWKS_SECONDS",
    "JWT_ISSUER", "JWT_AUDIENCE", "JWT_LEEWAY_SECONDS", "PUBLIC_URL", "ALLOWED_ORIGINS",
    "TRUSTED_PROXIES", "NOTES_APP", "WORKERS", "IDLE_UNLOAD_SECONDS", "COMPACT_AFTER_ROWS",
    "COMPACT_AFTER_BYTES", "DRAIN_SECONDS", "LOG_LEVEL", "LOG_FORMAT", "DOCUMENT_WORKERS",
    "DATABASE_CONNECTIONS", "DATABASE_SECONDS", "REDIS_URL", "REDIS_PREFIX", "METRICS_HOST",
    "METRICS_PORT", "METRICS_TOKEN",
}  # fmt: skip


def test_every_setting_that_is_a_limit_has_a_row() -> None:
    """A new setting is either a limit, with a row and a test, or none."""
    listed = {name.removeprefix("COLLAB_") for name, *_ in ROWS if name.startswith("COLLAB_")}
    assert listed == {name.upper() for name in Settings.model_fields} - NO_LIMITS
    assert len(ROWS) == len({name for name, *_ in ROWS}) == PAGE.count("::test_")


@pytest.mark.parametrize(("name", "default"), [row[:2] for row in ROWS])
def test_the_page_says_what_the_code_does(name: str, default: str) -> None:
    if name.startswith("COLLAB_"):
        value = Settings.model_fields[name.removeprefix("COLLAB_").lower()].default
    else:
        module, _, constant = name.rpartition(".")
        value = getattr(import_module(f"collab.{module}"), constant)
    assert str(value) == default


@pytest.mark.parametrize(("path", "test"), sorted({row[4:] for row in ROWS}))
def test_the_tests_exist(path: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / path).read_text("utf-8")


def test_the_codes_exist() -> None:
    codes = {int(code) for row in ROWS for code in re.findall(r"\b(1\d{3}|4\d{3})\b", row[3])}
    assert codes <= set(map(int, CloseCode))
    limits = {
        CloseCode.TOO_BIG, CloseCode.TRY_LATER, CloseCode.TIMEOUT, CloseCode.FULL,
        CloseCode.UNPLACEABLE, CloseCode.EARLY, CloseCode.ROOM_FULL, CloseCode.TOO_MANY,
        CloseCode.TOO_FAST,
    }  # fmt: skip
    assert codes == set(map(int, limits))
