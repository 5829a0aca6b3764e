"""`collab token`, and what keeps token mode from starting."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collab import cli, telemetry
from collab.access import Right, Role
from collab.auth.tokens import TokenVerifier
from collab.clock import SystemClock
from collab.errors import ConfigError
from collab.service import Service
from collab.settings import load_settings
from tests.auth.signing import ISSUER, RULES, SECRET

GOOD = {
    "COLLAB_AUTH": "token",
    "COLLAB_JWT_SECRET": SECRET.decode(),
    "COLLAB_JWT_ISSUER": ISSUER,
}
ASKED = ("token", "--user", "ann")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a good token mode, for what runs in this process."""
    for name in list(os.environ):
        if name.startswith("COLLAB_"):
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    # Logs are pytest's here.
    monkeypatch.setattr(telemetry, "configure", lambda *_: None)


def collab(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COLLAB_")}
    return subprocess.run(
        [sys.executable, "-m", "collab", *arguments],
        env={**inherited, **GOOD, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )


async def test_a_token_for_development() -> None:
    """[ID23] stdout is the token and nothing else, and it says what was asked for."""
    result = collab(
        *ASKED, "--name", "Ann", "--color", "#112233", "--create", "--hours", "2",
        "--document", "team/*=editor", "--document", "plan=owner",
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    (token,) = result.stdout.splitlines()
    identity = await TokenVerifier(RULES, SECRET, None, SystemClock()).verify(token)
    assert (identity.user, identity.name, identity.color) == ("ann", "Ann", "#112233")
    assert identity.rights == (Right("team/*", Role.EDITOR), Right("plan", Role.OWNER))
    assert identity.may_create
    assert identity.expires is not None
    assert 7000 < identity.expires - time.time() < 7300


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (ASKED, {"COLLAB_AUTH": "open"}, "COLLAB_AUTH is not token"),
        (ASKED, {"COLLAB_AUTH": ""}, "COLLAB_AUTH is not token"),
        (ASKED, {"COLLAB_JWT_SECRET": ""}, "COLLAB_JWT_SECRET"),
        (ASKED, {"COLLAB_JWT_SECRET": "", "COLLAB_JWKS": "keys.json"}, "COLLAB_JWT_SECRET"),
        (ASKED, {"COLLAB_JWT_SECRET": "short-and-known"}, "at least 32 bytes"),
        (ASKED, {"COLLAB_JWT_ISSUER": ""}, "COLLAB_JWT_ISSUER"),
        ((*ASKED, "--document", "plan"), {}, "PATTERN=ROLE"),
        ((*ASKED, "--document", "plan=boss"), {}, "PATTERN=ROLE"),
        ((*ASKED, "--document", "a b=editor"), {}, "claim documents"),
        ((*ASKED, "--color", "red"), {}, "claim color"),
        (("token", "--user", ""), {}, "claim sub"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    arguments: tuple[str, ...],
    environ: dict[str, str],
    said: str,
    settings: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """[ID23] without a token to print, one line says what to change; no secret is in it."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert cli.main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert said in line
    assert "short-and-known" not in line


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"COLLAB_JWT_SECRET": ""}, "COLLAB_JWT_SECRET or COLLAB_JWKS"),
        ({"COLLAB_JWT_ISSUER": ""}, "COLLAB_JWT_ISSUER"),
        ({"COLLAB_JWT_SECRET": "short"}, "at least 32 bytes"),
        ({"COLLAB_JWKS": "no-such-file"}, "COLLAB_JWKS cannot be read: No such file"),
        ({"COLLAB_JWKS": "http://keys.example/"}, "COLLAB_JWKS must be"),
        ({"COLLAB_JWKS": "http://127.0.0.1:9/keys"}, "COLLAB_JWKS cannot be read"),
        ({"COLLAB_JWKS": "pyproject.toml"}, "COLLAB_JWKS cannot be read: not strict JSON"),
    ],
)
async def test_token_mode_does_not_start_without_its_settings(
    environ: dict[str, str],
    said: str,
    settings: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[ID24] what tokens cannot be checked without ends the start with one line."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        await start(tmp_path / "data")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


async def start(data_dir: Path) -> None:
    service = Service(load_settings(data_dir=data_dir, document_workers=1))
    try:
        await service.start()
    finally:
        await service.aclose()


def test_the_server_ends_with_that_line(tmp_path: Path) -> None:
    """[ID24] exit code 2, and no traceback."""
    nowhere = {"COLLAB_JWKS": "no-such-file", "COLLAB_PORT": "0"}
    result = collab("serve", COLLAB_DATA_DIR=str(tmp_path / "data"), **nowhere)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "collab: COLLAB_JWKS cannot be read: No such file or directory\n"


def test_a_check_reads_the_keys(
    settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """[ID24] `collab check` says so before a server is started."""
    monkeypatch.setenv("COLLAB_JWKS", "no-such-file")
    assert cli.main(["check"]) == 2
    assert "COLLAB_JWKS cannot be read" in capsys.readouterr().err


def test_a_network_bind_names_both_modes(settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """[AC4] whoever lets a network in is told how."""
    found = load_settings(host="0.0.0.0")
    found.require_safe_exposure()
    assert SECRET.decode() not in repr(found)
    monkeypatch.delenv("COLLAB_AUTH")
    with pytest.raises(ConfigError, match=r"COLLAB_AUTH=token.*COLLAB_AUTH=open"):
        load_settings(host="0.0.0.0").require_safe_exposure()
