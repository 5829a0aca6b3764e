"""What was seen of which client: the matrix behind the table in docs/clients.md.

A test says by `each_client` or `all_clients` which behaviour it shows, and is run for every kind
of client that can have it; `CANNOT` says which cannot, and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, TypeVar

import pytest

from tests.support.node import FOLDER


@dataclass(frozen=True)
class Kind:
    """A client as the tests open it; `package` is its name in tests/node/package.json, without
    one it is a Python package."""

    key: str
    label: str
    package: str | None

    @property
    def is_hocuspocus(self) -> bool:
        return self.key.startswith("hocuspocus")

    def version(self) -> str:
        """The version that the tests run with."""
        if self.package is None:
            return version(self.label)
        manifest = json.loads((FOLDER / "package.json").read_text("utf-8"))
        return str(manifest["dependencies"][self.package]).rpartition("@")[2]


KINDS: Final = (
    Kind("y-websocket-2", "y-websocket", "y-websocket-2"),
    Kind("y-websocket-3", "y-websocket", "y-websocket"),
    Kind("hocuspocus-2", "@hocuspocus/provider", "@hocuspocus/provider-2"),
    Kind("hocuspocus-3", "@hocuspocus/provider", "@hocuspocus/provider-3"),
    Kind("hocuspocus-4", "@hocuspocus/provider", "@hocuspocus/provider"),
    Kind("y-sweet", "@y-sweet/client", "@y-sweet/client"),
    Kind("pycrdt", "pycrdt", None),
)
BY_KEY: Final = {kind.key: kind for kind in KINDS}

BEHAVIOURS: Final = {
    "sync": "Two of a kind end equal, whoever types where",
    "mixed": "Clients of all kinds share one document and see each other",
    "offline": "Edits made offline are merged on return, deletions too",
    "presence": "Presence comes, changes and goes; a viewer has it too",
    "receipt": "An edit counts as saved, and is seen, only once it is committed",
    "read-only": "A viewer's edits reach neither the document nor anyone",
    "open": "In open mode nobody needs a token",
    "denied": "No token, a wrong one and one without the right are refused",
    "refresh": "A token that runs out is replaced by a fresh one",
    "revoked": "Rights taken away end at once on a live connection",
    "link": "A share link lets in, and out when it is revoked",
    "downgraded": "An editor who becomes a viewer stays, and can no longer write",
    "twice": "The same document is open twice, on two sockets",
    "one-socket": "The same document is open twice, on one socket",
    "many": "A document that is refused leaves the others on its socket",
    "stateless": "Messages beside the document reach the product, and everyone",
    "stopped": "A server that stops and starts again is returned to",
    "killed": "A server that is killed loses nothing that had its receipt",
    "unknown": "A document that is not there is refused, or made by who may",
    "deleted": "A document that is deleted under a client ends its session",
}

_ONE_DOCUMENT = "a socket carries one document"
_NO_MESSAGES = "its wire has no such messages"
_OTHERS = ("y-websocket-2", "y-websocket-3", "y-sweet", "pycrdt")

CANNOT: Final = {
    **{("one-socket", kind): _ONE_DOCUMENT for kind in _OTHERS},
    **{("many", kind): _ONE_DOCUMENT for kind in _OTHERS},
    **{("stateless", kind): _NO_MESSAGES for kind in _OTHERS},
    ("one-socket", "hocuspocus-2"): "sessions came with version 4",
    ("one-socket", "hocuspocus-3"): "sessions came with version 4",
}
"""Why a client of this kind cannot show this behaviour, whatever the server does."""

_ECHO = "by its edit coming back; it has no notion of a receipt of its own"
_AGAIN = "by connecting again, once it was closed with 4401"
_OWN_TOKEN = "with a token of the user's own, not one of its endpoint, which lasts until it ends"

REMARKS: Final = {
    ("presence", "pycrdt"): "with `pycrdt.Awareness` beside the Provider, which carries none",
    **{("receipt", kind): _ECHO for kind in ("y-websocket-2", "y-websocket-3", "pycrdt")},
    ("receipt", "hocuspocus-2"): "but after edits made offline it counts too few",
    **{("refresh", kind): _AGAIN for kind in ("y-websocket-2", "y-websocket-3", "pycrdt")},
    ("refresh", "y-sweet"): "by connecting again, with what its endpoint then gives it",
    (
        "revoked",
        "y-sweet",
    ): _OWN_TOKEN,
    ("link", "y-sweet"): _OWN_TOKEN,
    ("downgraded", "y-sweet"): "it is not told, but its edits stay unsaved",
}
"""How a client shows a behaviour, where that is not as for the others."""

SHOWN: Final[dict[tuple[str, str], list[Callable[..., Any]]]] = {}
"""The tests that show a behaviour of a kind of client."""

Test = TypeVar("Test", bound=Callable[..., Any])


def able(behaviour: str) -> list[Kind]:
    """The kinds that can have it."""
    return [kind for kind in KINDS if (behaviour, kind.key) not in CANNOT]


def all_clients(behaviour: str) -> Callable[[Test], Test]:
    """Marks a test that shows a behaviour of all kinds at once."""

    def note(test: Test) -> Test:
        for kind in able(behaviour):
            SHOWN.setdefault((behaviour, kind.key), []).append(test)
        return test

    return note


def each_client(behaviour: str) -> Callable[[Test], Any]:
    """Marks a test that is run for each `kind` that can show a behaviour."""

    def note(test: Test) -> Any:
        kinds = [pytest.param(kind, id=kind.key) for kind in able(behaviour)]
        return pytest.mark.parametrize("kind", kinds)(all_clients(behaviour)(test))

    return note
