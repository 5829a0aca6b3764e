"""The formats that content can be had in; imports little, for the command line."""

from __future__ import annotations

from enum import StrEnum

from collab.interfaces import Kind


class ContentFormat(StrEnum):
    """What content can be had as; `update` is the merged Yjs update (v1)."""

    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
    JSON = "json"
    UPDATE = "update"


MEDIA_TYPES = {
    ContentFormat.MARKDOWN: "text/markdown; charset=utf-8",
    ContentFormat.HTML: "text/html; charset=utf-8",
    ContentFormat.TEXT: "text/plain; charset=utf-8",
    ContentFormat.JSON: "application/json",
    ContentFormat.UPDATE: "application/octet-stream",
}
EXTENSIONS = {
    ContentFormat.MARKDOWN: "md",
    ContentFormat.HTML: "html",
    ContentFormat.TEXT: "txt",
    ContentFormat.JSON: "json",
    ContentFormat.UPDATE: "yjs",
}
DEFAULT_ROOTS = {Kind.NOTE: "default", Kind.TEXT: "content"}
