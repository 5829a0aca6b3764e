"""Collab: a self-hosted backend for collaborative documents.

What is named here is for products that embed it, and stays; docs/embedding.md shows how.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collab.access import Access as Access
    from collab.access import Credentials as Credentials
    from collab.access import Identity as Identity
    from collab.access import Right as Right
    from collab.access import Role as Role
    from collab.app import create_app as create_app
    from collab.errors import AccessDenied as AccessDenied
    from collab.errors import CollabError as CollabError
    from collab.errors import DocumentNotFound as DocumentNotFound
    from collab.errors import Unauthenticated as Unauthenticated
    from collab.hooks import Change as Change
    from collab.hooks import Hooks as Hooks
    from collab.hooks import NewDocument as NewDocument
    from collab.hooks import Peer as Peer
    from collab.hooks import StatelessMessage as StatelessMessage
    from collab.hooks import Unknown as Unknown
    from collab.interfaces import Kind as Kind
    from collab.protocol.close import CloseCode as CloseCode
    from collab.service import Service as Service
    from collab.settings import Settings as Settings
    from collab.settings import load_settings as load_settings

_HOMES = {
    "Access": "collab.access",
    "AccessDenied": "collab.errors",
    "Change": "collab.hooks",
    "CloseCode": "collab.protocol.close",
    "CollabError": "collab.errors",
    "Credentials": "collab.access",
    "DocumentNotFound": "collab.errors",
    "Hooks": "collab.hooks",
    "Identity": "collab.access",
    "Kind": "collab.interfaces",
    "NewDocument": "collab.hooks",
    "Peer": "collab.hooks",
    "Right": "collab.access",
    "Role": "collab.access",
    "Service": "collab.service",
    "Settings": "collab.settings",
    "StatelessMessage": "collab.hooks",
    "Unauthenticated": "collab.errors",
    "Unknown": "collab.hooks",
    "create_app": "collab.app",
    "load_settings": "collab.settings",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is: parts that need little start fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
