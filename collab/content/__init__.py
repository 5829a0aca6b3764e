"""The document tree as Markdown, HTML, plain text and JSON. Pure."""

from __future__ import annotations

from collab.content.render import render, render_html_fragment

__all__ = ["render", "render_html_fragment"]
