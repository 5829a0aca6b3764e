"""The normal form of a tree: what of it Markdown can say (rules EX20 to EX29).

Written from the rules, apart from the code under test. It takes the trees that an editor can
write; hostile shapes have tests of their own.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from tests.content.shapes import Tree

Inline: TypeAlias = tuple[object, ...]

_STYLES = ["bold", "italic", "strike", "underline", "highlight", "subscript", "superscript", "code"]
_INVISIBLE_ON_SPACE = {"bold", "italic", "strike"}
_SAFE_LINK = re.compile(r"(https?|mailto|tel):|[^:]*\Z|[/?#]")
_SAFE_IMAGE = re.compile(r"(https?|data:image/png;base64,)|[^:]*\Z")
_NO_BREAK_SPACE: Inline = ("text", "\u00a0", frozenset())
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def normal_form(tree: Tree) -> list[object]:
    """Nested lists of plain values, to be compared with `==`."""
    return blocks(tree.get("content", []))


def blocks(nodes: list[Tree]) -> list[object]:
    return [block(child) for child in nodes if not _is_blank(child)]


def block(tree: Tree) -> object:
    content: list[Tree] = tree.get("content", [])
    attrs = tree.get("attrs", {})
    match tree["type"]:
        case "paragraph":
            return ("paragraph", inlines(content))
        case "image":
            return ("paragraph", inlines([tree]))
        case "heading":
            return ("heading", attrs["level"], inlines(content))
        case "codeBlock":
            characters = "".join(child["text"] for child in content)
            return ("code", attrs.get("language") or "", visible(characters))
        case "horizontalRule":
            return ("rule",)
        case "blockquote":
            return ("quote", blocks(content))
        case "bulletList":
            return ("bullets", [item(child) for child in content])
        case "orderedList":
            return ("numbers", attrs.get("start", 1), [item(child) for child in content])
        case "taskList":
            return ("tasks", [(_checked(child), task(child)) for child in content])
        case "table":
            return ("table", grid(content))
    raise AssertionError(f"no block of an editor: {tree['type']}")


def item(tree: Tree) -> list[object]:
    """An item begins with a paragraph, which may be empty: it is added where it is missing."""
    children = blocks(tree.get("content", []))
    if children and isinstance(children[0], tuple) and children[0][0] == "paragraph":
        return children
    return [("paragraph", []), *children]


def task(tree: Tree) -> list[object]:
    """As an item, but an empty first paragraph has a sign: a no-break space."""
    first, *rest = tree.get("content", []) or [{"type": "paragraph"}]
    if _is_blank(first) or inlines(first.get("content", [])) == [_NO_BREAK_SPACE]:
        return [("paragraph", []), *blocks(rest)]
    return item(tree)


def grid(rows: list[Tree]) -> list[list[list[Inline]]]:
    """Cells as one paragraph each, in their columns; spans leave empty cells."""
    taken: dict[tuple[int, int], list[Inline]] = {}
    for y, line in enumerate(rows):
        x = 0
        for child in line.get("content", []):
            while (x, y) in taken:
                x += 1
            attrs = child.get("attrs", {})
            for dx in range(attrs.get("colspan", 1)):
                for dy in range(attrs.get("rowspan", 1)):
                    taken[x + dx, y + dy] = []
            taken[x, y] = inlines(flat(child.get("content", [])))
            x += attrs.get("colspan", 1)
    width = 1 + max(x for x, y in taken if y < len(rows))
    return [[taken.get((x, y), []) for x in range(width)] for y in range(len(rows))]


def flat(nodes: list[Tree]) -> list[Tree]:
    """The inline content of all blocks, with breaks between."""
    parts = [_flat_block(child) for child in nodes if child["type"] != "paragraph" or _has(child)]
    joined: list[Tree] = []
    for index, part in enumerate(parts):
        joined += [{"type": "hardBreak"}, *part] if index else part
    return joined


def _flat_block(tree: Tree) -> list[Tree]:
    content: list[Tree] = tree.get("content", [])
    match tree["type"]:
        case "paragraph" | "heading":
            return content
        case "image":
            return [tree]
        case "blockquote":
            return flat(content)
        case "codeBlock":
            lines = visible("".join(child["text"] for child in content)).split("\n")
            code = [{"type": "code"}]
            return flat(
                [
                    {"type": "heading", "content": [{"type": "text", "text": t, "marks": code}]}
                    for t in lines
                ]
            )
        case "bulletList" | "orderedList" | "taskList":
            signs = [_sign(tree, index) for index in range(len(content))]
            pairs = zip(signs, content, strict=True)
            items = [[{"type": "text", "text": s}, *flat(c.get("content", []))] for s, c in pairs]
            return flat([{"type": "heading", "content": parts} for parts in items])
        case "horizontalRule":
            return [{"type": "text", "text": "---"}]
    raise AssertionError(f"not in cells of these tests: {tree['type']}")


def _sign(tree: Tree, index: int) -> str:
    if tree["type"] == "orderedList":
        return f"{tree['attrs']['start'] + index}. "
    if tree["type"] == "taskList":
        return "[x] " if _checked(tree["content"][index]) else "[ ] "
    return "- "


def inlines(nodes: list[Tree]) -> list[Inline]:
    """Runs of characters with the same marks, breaks and images."""
    runs: list[Inline] = []
    for tree in nodes:
        marks = _marks(tree.get("marks", []))
        if tree["type"] == "hardBreak":
            runs.append(("break",))
        elif tree["type"] == "image" and _SAFE_IMAGE.match(tree["attrs"]["src"]):
            runs.append(_image(tree["attrs"], marks - {"code"}))
        elif tree["type"] == "image":
            attrs = tree["attrs"]
            _add(runs, attrs.get("alt") or attrs.get("title") or "[image]", marks)
        elif tree["type"] == "mention":
            attrs = tree["attrs"]
            sign = attrs.get("mentionSuggestionChar", "@")
            _add(runs, f"{sign}{attrs.get('label') or attrs['id']}", marks)
        else:
            _add(runs, tree["text"], marks)
    return runs


def _add(runs: list[Inline], characters: str, marks: frozenset[object]) -> None:
    for character in visible(characters):
        shown = marks
        if "code" in marks:
            character = " " if character == "\n" else character
        elif character.isspace() or character == "\ufeff":
            shown = marks - _INVISIBLE_ON_SPACE
        if runs and runs[-1][0] == "text" and runs[-1][2] == shown:
            runs[-1] = ("text", f"{runs[-1][1]}{character}", shown)
        else:
            runs.append(("text", character, shown))


def _image(attrs: Tree, marks: frozenset[object]) -> Inline:
    alt, title = visible(attrs.get("alt") or ""), visible(attrs.get("title") or "")
    return ("image", attrs["src"], alt, title, marks)


def _marks(marks: list[Tree]) -> frozenset[object]:
    kept: set[object] = set()
    for each in marks:
        if each["type"] in _STYLES:
            kept.add(each["type"])
        elif each["type"] == "link" and _SAFE_LINK.match(each["attrs"]["href"]):
            kept.add(("link", each["attrs"]["href"], visible(each["attrs"].get("title") or "")))
    return frozenset(kept)


def visible(characters: str) -> str:
    return _CONTROL.sub("\ufffd", characters.replace("\r\n", "\n").replace("\r", "\n"))


def _has(tree: Tree) -> bool:
    return any(child.get("text", child["type"]) for child in tree.get("content", []))


def _is_blank(tree: Tree) -> bool:
    content: list[Tree] = tree.get("content", [])
    return tree["type"] == "paragraph" and content in ([], [{"type": "hardBreak"}])


def _checked(tree: Tree) -> bool:
    return bool(tree.get("attrs", {}).get("checked"))
