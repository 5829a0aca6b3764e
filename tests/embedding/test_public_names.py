"""What an embedding product may rely on."""

from __future__ import annotations

import subprocess
import sys

import collab
from collab.hooks import Hooks


def test_the_public_names() -> None:
    assert collab.__all__ == [
        "Access",
        "AccessDenied",
        "Change",
        "CloseCode",
        "CollabError",
        "Credentials",
        "DocumentNotFound",
        "Hooks",
        "Identity",
        "Kind",
        "NewDocument",
        "Peer",
        "Right",
        "Role",
        "Service",
        "Settings",
        "StatelessMessage",
        "Unauthenticated",
        "Unknown",
        "create_app",
        "load_settings",
    ]
    assert [name for name in collab.__all__ if not hasattr(collab, name)] == []
    assert set(collab.__all__) <= set(dir(collab))
    assert not hasattr(collab, "no_such_name")


def test_the_hooks() -> None:
    assert [name for name in vars(Hooks) if name.startswith("on_")] == [
        "on_authenticate",
        "on_load",
        "on_change",
        "on_stateless",
        "on_connect",
        "on_disconnect",
    ]


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, collab; print([m for m in sys.modules if m.startswith('collab.')])"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"
