"""The document tree as Markdown, HTML, plain text and JSON. Pure."""

from __future__ import annotations

from collab.content.render import render

__all__ = ["render"]
