"""A root of a document as a ProseMirror-shaped tree, or as a string.

Roots are read in whole: positions in the CRDT library cost time in proportion to the text.
Nothing here recurses, since an author decides how deep a document is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never

import pycrdt

from collab.crdt import nodes
from collab.crdt.chunks import Chunks, Formatting, attributes_of, joined
from collab.crdt.nodes import Node
from collab.crdt.operations import load, readable
from collab.crdt.updates import library_guard
from collab.errors import DocumentUnreadable, ProtocolError
from collab.interfaces import Kind
from collab.protocol.roots import RootKind, root_kinds

MAX_DEPTH = 256
"""Levels of nodes; what is deeper was made to break its readers."""

_NAMING_ATTRIBUTES = ("__type", "type")
"""Where editors that build trees out of texts (Lexical, Slate) name a node."""


@dataclass(frozen=True, slots=True)
class Root:
    """A root of a loaded document, known to be a text or XML."""

    document: pycrdt.Doc[Any]
    name: str
    is_text: bool

    def tree(self) -> Node:
        """`{"type": "doc", "content": [...]}`.

        XML elements become the nodes they are named after, formatted runs become texts with
        marks; a text becomes one paragraph a line. Raises DocumentUnreadable if it is nested
        deeper than MAX_DEPTH.
        """
        with library_guard("read the document"), self.document.transaction():
            chunks = self._chunks()
            if self.is_text:
                return {"type": "doc", "content": _paragraphs(chunks)}
            return _grow(chunks)

    def text(self) -> str:
        """The characters of a text root, embedded values left out."""
        with library_guard("read the document"):
            return "".join(value for value, _ in self._chunks() if isinstance(value, str))

    def _chunks(self) -> Chunks:
        chunks: Chunks = self.document.get(self.name, type=pycrdt.Text).diff()
        return chunks


def open_root(update: bytes, name: str, kind: Kind) -> Root:
    """Load the document and see what its root is: its live content says it, and `kind` speaks
    for a root without. Raises DocumentUnreadable for a map or an array."""
    with library_guard("read the document"):
        document = load(readable(update))
        found = _seen_kind(document.get(name, type=pycrdt.Text).diff())
        if found is None:
            found = _root_kinds(document.get_update()).get(name)
    match found:
        case None:
            return Root(document, name, is_text=kind is Kind.TEXT)
        case RootKind.TEXT | RootKind.XML:
            return Root(document, name, is_text=found is RootKind.TEXT)
        case RootKind.MAP | RootKind.ARRAY:
            raise DocumentUnreadable(f"root {name!r} is a shared {found}, not a text or XML")
        case never:
            assert_never(never)


def _seen_kind(chunks: Chunks) -> RootKind | None:
    """What `root_kinds` finds, where the root's own sequence shows it: walking the bytes of a
    large document takes longer than reading it."""
    found = None
    for value, _ in chunks:
        if isinstance(value, pycrdt.XmlElement | pycrdt.XmlText):
            found = RootKind.XML
        elif isinstance(value, str | dict):
            return RootKind.TEXT
    return found


def read_tree(update: bytes, root: str, kind: Kind) -> Node:
    """The named root of an update as `Root.tree`. Raises DocumentUnreadable."""
    return open_root(update, root, kind).tree()


def read_text(update: bytes, root: str) -> str:
    """The characters of the named text root. Raises DocumentUnreadable for any other."""
    opened = open_root(update, root, Kind.TEXT)
    if not opened.is_text:
        raise DocumentUnreadable(f"root {root!r} is XML, not a text")
    return opened.text()


def _root_kinds(update: bytes) -> dict[str, RootKind]:
    try:
        return root_kinds(update)
    except ProtocolError as error:
        raise DocumentUnreadable(f"cannot tell the kinds of the roots: {error}") from error


# --- A text root -----------------------------------------------------------------------


def _paragraphs(chunks: Chunks) -> list[Node]:
    lines: list[list[Node]] = [[]]
    for value, formatting in joined(chunks):
        if not isinstance(value, str):
            lines[-1] += _flat(value, formatting)
            continue
        first, *others = value.split("\n")
        lines[-1].append(nodes.text(first, formatting))
        lines += [[nodes.text(line, formatting)] for line in others]
    if lines == [[]]:
        return []
    return [_paragraph(line) for line in lines]


def _paragraph(line: list[Node]) -> Node:
    content = nodes.join_texts(line)
    return {"type": "paragraph", "content": content} if content else {"type": "paragraph"}


def _flat(value: Any, formatting: Formatting | None) -> list[Node]:
    """What stands for something embedded in a text root: a tree of its own, or one node."""
    if isinstance(value, pycrdt.XmlElement | pycrdt.XmlText | pycrdt.Text | pycrdt.Map):
        content: list[Node] = _grow([(value, formatting)])["content"]
        return content
    return [nodes.embed(value, formatting)]


# --- An XML root -----------------------------------------------------------------------


class _Branch:
    """A node that is being filled from the chunks of its shared type. Without a node of its
    own its content goes to the branch it grows on."""

    __slots__ = ("chunks", "content", "depth", "in_text", "node")

    def __init__(self, node: Node | None, chunks: Chunks, parent: _Branch | None, in_text: bool):
        self.node = node
        self.chunks: Iterator[tuple[Any, Formatting | None]] = iter(chunks)
        self.depth: int = parent.depth + 1 if parent else 0
        self.content: list[Node] = parent.content if parent and node is None else []
        self.in_text = in_text
        if self.depth > MAX_DEPTH:
            raise DocumentUnreadable(f"the document is nested deeper than {MAX_DEPTH} levels")


def _grow(chunks: Chunks) -> Node:
    """Read a sequence and everything below it, depth first."""
    root: Node = {"type": "doc", "content": []}
    branches = [_Branch(root, chunks, None, in_text=False)]
    while branches:
        branch = branches[-1]
        chunk = next(branch.chunks, None)
        if chunk is None:
            _fill(branches.pop())
            continue
        value, formatting = chunk
        below = None if isinstance(value, str) else _sprout(value, branch)
        if below is None:
            branch.content += _leaf(value, formatting)
            continue
        if below.node is not None:
            branch.content.append(below.node)
        branches.append(below)
    return root


def _sprout(value: Any, parent: _Branch) -> _Branch | None:
    """The branch for a shared type that holds a sequence; None for anything else."""
    match value:
        case pycrdt.XmlElement():
            node = nodes.element(value.tag, attributes_of(value))
            return _Branch(node, [(child, None) for child in value.children], parent, False)
        case pycrdt.XmlText():
            return _Branch(_text_node(value, parent), value.diff(), parent, True)
        case pycrdt.Text():
            return _Branch(None, value.diff(), parent, True)
        case _:
            return None


def _text_node(value: pycrdt.XmlText, parent: _Branch) -> Node | None:
    """An XML text is only where a node's characters are, except where texts are the nodes: it
    has attributes then, or stands in another text."""
    attributes = attributes_of(value)
    if not attributes and not parent.in_text:
        return None
    return nodes.element(_take_name(attributes) or "paragraph", attributes)


def _leaf(value: Any, formatting: Formatting | None) -> list[Node]:
    match value:
        case str():
            return [nodes.text(value, formatting)]
        case pycrdt.Map():
            attributes = dict(value.items())
            name = _take_name(attributes)
            # Lexical announces each run of characters by a map with its properties.
            return [] if name == "text" else [nodes.element(name, attributes)]
        case pycrdt.Array() | pycrdt.Doc() | pycrdt.XmlFragment():
            return [nodes.element("unknown")]
        case _:
            return [nodes.embed(value, formatting)]


def _take_name(attributes: dict[str, Any]) -> str | None:
    for key in _NAMING_ATTRIBUTES:
        if isinstance(attributes.get(key), str):
            return str(attributes.pop(key))
    return None


def _fill(branch: _Branch) -> None:
    if branch.node is not None and (content := nodes.join_texts(branch.content)):
        branch.node["content"] = content
