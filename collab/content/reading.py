"""From the checked tree to blocks: what the nodes of Tiptap, BlockNote and others mean.

Content is never lost here: a node of an unknown name gives its children, or its name if it
has none; a node in the wrong place gets the parent it lacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from collab.content.blocks import (
    Block,
    Cell,
    CodeBlock,
    Heading,
    Inlines,
    Item,
    ListBlock,
    ListKind,
    Paragraph,
    Quote,
    Rule,
    Table,
)
from collab.content.gathering import (
    BOUNDARY,
    LoneItem,
    Parts,
    Row,
    flat,
    gather,
    gather_blocks,
)
from collab.content.inline_reading import (
    INLINE_READERS,
    first_string,
    read_image,
    read_unknown_leaf,
    visible,
)
from collab.content.tree import Json, Node

MAX_LIST_NUMBER = 999_999_999
"""The longest number that CommonMark takes for one of a list."""
MAX_SPAN = 100

_LISTS = {
    "bulletList": ListKind.BULLET,
    "orderedList": ListKind.ORDERED,
    "taskList": ListKind.TASK,
}
# Items of BlockNote, which has no lists, and items that lost theirs.
_LONE_ITEMS = {
    "listItem": ListKind.BULLET,
    "taskItem": ListKind.TASK,
    "bulletListItem": ListKind.BULLET,
    "toggleListItem": ListKind.BULLET,
    "numberedListItem": ListKind.ORDERED,
    "checkListItem": ListKind.TASK,
}
_ALIASES = {
    "tableParagraph": "paragraph",
    "quote": "blockquote",
    "todoList": "taskList",
    "todoItem": "taskItem",
}
_CONTAINERS = ("doc", "blockGroup")
_SNAKE = re.compile(r"_([a-z])")
_LANGUAGE = re.compile(r"[\w+#.:/@=,-]{1,64}\Z")


def read_blocks(root: Node) -> tuple[Block, ...]:
    """The blocks that the node stands for. Linear, and without recursion."""
    results: list[Parts] = []
    # A node is met twice: going down, and when the parts of all its children lie on `results`.
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, is_complete = stack.pop()
        if not is_complete and node.content:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.content))
            continue
        first = len(results) - len(node.content)
        children = results[first:]
        del results[first:]
        results.append(_parts(node, children))
    return gather(results[0], Paragraph, in_text=False)


def _parts(node: Node, children: list[Parts]) -> Parts:
    """What a node means, given what its children mean."""
    name = _canonical(node.type)
    reader = _READERS.get(name)
    if reader is not None:
        return reader(node, children)
    if not children:
        inline_reader = INLINE_READERS.get(name)
        if inline_reader is not None:
            inline = inline_reader(node)
            return [] if inline is None else [inline]
        if name in _CONTAINERS:
            return []
        leaf = read_image(node) if name == "image" else read_unknown_leaf(node)
        return [BOUNDARY, leaf, BOUNDARY]
    return [BOUNDARY, *flat(children), BOUNDARY]


@lru_cache(maxsize=256)
def _canonical(name: str) -> str:
    """The name as Tiptap writes it; ProseMirror's own schemas have `bullet_list`."""
    name = _SNAKE.sub(lambda match: match[1].upper(), name)
    return _ALIASES.get(name, name)


def _read_paragraph(node: Node, children: list[Parts]) -> Parts:
    return [*(gather(flat(children), Paragraph, in_text=True) or (Paragraph(),))]


def _read_heading(node: Node, children: list[Parts]) -> Parts:
    level = _integer(node.attrs.get("level"), 1, 6, 1)

    def wrap(inlines: Inlines) -> Block:
        return Heading(level, inlines)

    return [*(gather(flat(children), wrap, in_text=True) or (wrap(()),))]


def _read_quote(node: Node, children: list[Parts]) -> Parts:
    return [Quote(gather_blocks(children) or (Paragraph(),))]


def _read_rule(node: Node, children: list[Parts]) -> Parts:
    return [Rule(), *flat(children)]


def _read_list(node: Node, children: list[Parts]) -> Parts:
    items: list[Item] = []
    for parts in children:
        match parts:
            case [LoneItem() as lone]:
                items.append(lone.item)
            case _:
                items.append(_item(gather(parts, Paragraph, in_text=False), checked=False))
    if not items:
        return []
    attrs = node.attrs
    numbering = first_string(attrs, "type")
    return [
        ListBlock(
            _LISTS[_canonical(node.type)],
            tuple(items),
            _integer(attrs.get("start", attrs.get("order")), 0, MAX_LIST_NUMBER, 1),
            numbering if numbering in ("a", "A", "i", "I") else "1",
        )
    ]


def _read_item(node: Node, children: list[Parts]) -> Parts:
    kind = _LONE_ITEMS[_canonical(node.type)]
    start = _integer(node.attrs.get("start"), 0, MAX_LIST_NUMBER, 1)
    return [
        LoneItem(kind, start, _item(gather_blocks(children), node.attrs.get("checked") is True))
    ]


def _item(blocks: tuple[Block, ...], checked: bool) -> Item:
    if not blocks or not isinstance(blocks[0], Paragraph):
        blocks = (Paragraph(), *blocks)
    return Item(blocks, checked)


def _read_container(node: Node, children: list[Parts]) -> Parts:
    """BlockNote: a block, then a group of the blocks that are nested under it."""
    match children:
        case [[LoneItem(kind, start, item)], *nested]:
            blocks = (*item.blocks, *gather_blocks(nested))
            return [LoneItem(kind, start, Item(blocks, item.checked))]
    return [BOUNDARY, *flat(children), BOUNDARY]


def _read_code_block(node: Node, children: list[Parts]) -> Parts:
    language = first_string(node.attrs, "language", "params")
    parts: list[str] = []
    stack = list(reversed(node.content))
    while stack:
        child = stack.pop()
        if child.text is not None:
            parts.append(child.text)
        elif _canonical(child.type) == "hardBreak":
            parts.append("\n")
        stack.extend(reversed(child.content))
    text = visible("".join(parts))
    return [CodeBlock(language if _LANGUAGE.match(language) else "", text)]


def _read_table(node: Node, children: list[Parts]) -> Parts:
    rows: list[tuple[Cell, ...]] = []
    for parts in children:
        match parts:
            case [Row(row)]:
                rows.append(row)
            case [Table(inner)]:
                rows.extend(inner)
            case []:
                pass
            case _:
                rows.append((Cell(gather(parts, Paragraph, in_text=False)),))
    return [Table(tuple(rows))] if rows else []


def _read_row(node: Node, children: list[Parts]) -> Parts:
    cells: list[Cell] = []
    for parts in children:
        match parts:
            case [Cell() as cell]:
                cells.append(cell)
            case [Row(inner)]:
                cells.extend(inner)
            case _:
                cells.append(Cell(gather(parts, Paragraph, in_text=False)))
    return [Row(tuple(cells))] if cells else []


def _read_cell(node: Node, children: list[Parts]) -> Parts:
    header = _canonical(node.type) == "tableHeader"
    colspan = _integer(node.attrs.get("colspan"), 1, MAX_SPAN, 1)
    rowspan = _integer(node.attrs.get("rowspan"), 1, MAX_SPAN, 1)
    return [Cell(gather_blocks(children), header, colspan, rowspan)]


def _integer(value: Json, low: int, high: int, default: int) -> int:
    """The number, or the nearest in the range; the default for what is no whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        return default
    return min(max(value, low), high)


_READERS: dict[str, Callable[[Node, list[Parts]], Parts]] = {
    "paragraph": _read_paragraph,
    "heading": _read_heading,
    "blockquote": _read_quote,
    "horizontalRule": _read_rule,
    "codeBlock": _read_code_block,
    "table": _read_table,
    "tableRow": _read_row,
    "tableCell": _read_cell,
    "tableHeader": _read_cell,
    "blockContainer": _read_container,
    **dict.fromkeys(_LISTS, _read_list),
    **dict.fromkeys(_LONE_ITEMS, _read_item),
}
