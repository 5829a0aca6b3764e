"""Markdown, rule by rule: what is written, character for character."""

from __future__ import annotations

import pytest

from collab.content import render
from collab.interfaces import Format
from tests.content.markdown_parser import parse_markdown
from tests.content.normal_form import normal_form
from tests.content.shapes import (
    BREAK,
    Tree,
    bullets,
    cell,
    doc,
    header,
    item,
    link,
    node,
    paragraph,
    row,
    text,
)


def assert_markdown(tree: Tree, expected: str) -> None:
    """The exact source, and that it means the tree."""
    source = render(tree, Format.MARKDOWN)
    assert source == expected
    assert normal_form(parse_markdown(source)) == normal_form(tree)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([text("a"), text("b ", "bold"), text("c")], "a**b** c"),
        ([text("a"), text("(b)", "bold"), text("c")], "&#97;**(b)**&#99;"),
        ([text("「日」", "bold"), text("本")], "**「日」**&#26412;"),
        ([text("a", "bold"), text("b", "italic")], "**a**_b_"),
        ([text("a", "italic"), text("b", "bold", "italic"), text("c", "bold")], "_a**b**_**c**"),
        ([text("x"), text("a", "italic"), text("y")], "x*a*y"),
        ([text("a", "strike", "bold"), text("b")], "~~**a**~~&#98;"),
        ([text(" ", "bold"), text("a")], "&#32;a"),
        ([text("`", "code"), text("a", "code", "bold")], "`` ` ``**`a`**"),
        ([text("a_b_c snake_case *")], "a\\_b\\_c snake_case \\*"),
        ([text("a", "underline", "bold")], "<u>**a**</u>"),
    ],
)
def test_marks(texts: list[Tree], expected: str) -> None:
    """[EX21] delimiters work whatever stands beside them."""
    assert_markdown(doc(node("paragraph", *texts)), f"{expected}\n")


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("# a", "\\# a"),
        ("1. a", "1\\. a"),
        ("1.5 a", "1.5 a"),
        ("- a", "\\- a"),
        ("-5", "-5"),
        ("> a", "\\> a"),
        ("---", "\\---"),
        ("  a  ", "&#32; a &#32;"),
        ("a < b & c > d", "a < b & c > d"),
        ("<b>&amp;</b>", "\\<b>\\&amp;\\</b>"),
        ("[a](b) ![c](d)", "\\[a\\](b) !\\[c\\](d)"),
        ("see https://a.bc or me@a.bc", "see https\\://a.bc or me\\@a.bc"),
        ("a\\b", "a\\\\b"),
        ("a\tb\nc", "a&#9;b&#10;c"),
        ("a\x1bb\x00", "a\ufffdb\ufffd"),
    ],
)
def test_text(characters: str, expected: str) -> None:
    """[EX23] text is text; what could be taken for a sign is escaped, and little more."""
    assert_markdown(doc(paragraph(characters)), f"{expected}\n")


def test_breaks() -> None:
    """[EX24] a break is a backslash inside a paragraph; at its end and where lines cannot be,
    it is a tag."""
    line = [text("a"), BREAK, text("b"), BREAK]
    assert_markdown(doc(node("paragraph", *line)), "a\\\nb<br>\n")
    assert_markdown(doc(node("heading", *line, level=2)), "## a<br>b<br>\n")
    assert_markdown(doc(node("paragraph", BREAK, text("# a"))), "\\\n\\# a\n")


def test_empty_paragraphs() -> None:
    """[EX25] Markdown has no empty paragraphs: they are left out."""
    assert_markdown(doc(paragraph("a"), paragraph(), paragraph("b"), paragraph()), "a\n\nb\n")
    assert_markdown(doc(paragraph()), "")
    assert_markdown(doc(node("blockquote", paragraph())), ">\n")
    assert_markdown(doc(bullets(item(paragraph()), item(paragraph("a")))), "-\n- a\n")


def test_neighbouring_lists() -> None:
    """[EX26] lists in a row stay apart by their markers."""
    one = bullets(item(paragraph("a")))
    numbers = node("orderedList", item(paragraph("b")), start=1)
    tasks = node("taskList", node("taskItem", paragraph("c"), checked=False))
    expected = "- a\n\n* a\n\n- [ ] c\n\n1. b\n\n1) b\n\n- a\n"
    assert_markdown(doc(one, one, tasks, numbers, numbers, one), expected)
    assert_markdown(doc(one, paragraph(), one), "- a\n\n* a\n")


def test_list_numbers() -> None:
    """[EX26] numbers start where the list does, and never get longer than a parser reads."""
    items = [item(paragraph("a")), item(paragraph("b"))]
    assert_markdown(doc(node("orderedList", *items, start=0)), "0. a\n1. b\n")
    last = 999_999_999
    expected = f"{last}. a\n{last}. b\n"
    assert_markdown(doc(node("orderedList", *items, start=last)), expected)
    assert render(doc(node("orderedList", *items, start=10**12)), Format.MARKDOWN) == expected


def test_nested_lists() -> None:
    """[EX26] an item may begin with anything."""
    nested = bullets(item(bullets(item(bullets(item())))))
    assert_markdown(doc(nested), "-\n  -\n    -\n")
    rule = node("horizontalRule")
    assert_markdown(doc(bullets(item(rule)), rule), "- ___\n\n---\n")
    code = node("codeBlock", text("x\n\n  y"), language="js")
    assert_markdown(doc(bullets(item(code))), "- ```js\n  x\n\n    y\n  ```\n")
    start = node("orderedList", item(paragraph("b")), start=3)
    assert_markdown(doc(bullets(item(paragraph("a"), start))), "- a\n\n  3. b\n")


def test_tasks() -> None:
    """[EX27] tasks have boxes; an empty one has a no-break space, as Tiptap writes it."""
    tasks = node(
        "taskList",
        node("taskItem", paragraph("[x] a"), checked=False),
        node("taskItem", paragraph(), bullets(item(paragraph("b"))), checked=True),
    )
    assert_markdown(doc(tasks), "- [ ] \\[x\\] a\n- [x] &nbsp;\n  - b\n")
    assert_markdown(doc(bullets(item(paragraph("[ ] a")))), "- \\[ \\] a\n")
    third = node("orderedList", item(paragraph("c")), start=3)
    only = node("taskList", node("taskItem", paragraph(), third, checked=False))
    assert_markdown(doc(only), "- [ ] &nbsp;\n\n  3. c\n")


def test_tables() -> None:
    """[EX28] the first row is the header, each cell one line, spans leave empty cells."""
    table = node(
        "table",
        row(header(paragraph("h"), colspan=2)),
        row(
            cell(paragraph("a|"), paragraph("b"), rowspan=2),
            cell(node("paragraph", text("c|\\", "code"), BREAK, text(" "))),
            cell(bullets(item(paragraph("d")), item(paragraph("e")))),
        ),
        row(cell(paragraph("f"))),
    )
    assert_markdown(
        doc(table),
        "| h |  |  |\n| --- | --- | --- |\n"
        "| a\\|<br>b | <code>c\\|\\\\</code><br>&#32; | - d<br>- e |\n|  | f |\n",
    )


def test_wide_spans_are_left_out() -> None:
    """[EX28] spans that would blow a table up are left out of account."""
    cells = [cell(paragraph("x"), colspan=100, rowspan=100) for _ in range(100)]
    table = node("table", *[row(*cells) for _ in range(20)])
    source = render(doc(table), Format.MARKDOWN)
    assert source.count("|") == 21 * 101


@pytest.mark.parametrize(
    ("characters", "fence"),
    [("a", "```"), ("```", "````"), ("a\n`````\n", "``````"), ("", "```"), ("\n", "```")],
)
def test_code_blocks(characters: str, fence: str) -> None:
    """[EX29] a fence is longer than any in the code."""
    content = [text(characters)] if characters else []
    lines = f"{characters}\n" if characters else ""
    tree = doc(node("codeBlock", *content, language=None))
    assert_markdown(tree, f"{fence}\n{lines}{fence}\n")


def test_links() -> None:
    """[EX23] addresses and titles come back as they are."""
    for href in ("https://a.bc/(x", "/a b", "#x", "https://a.bc/<>\\", "x?a=1&amp;b", "ü/日"):
        for title in (None, 'a "b" \\', "a\n\nb", "&amp; (|)"):
            tree = doc(paragraph(text("l]", link(href, title=title))))
            assert normal_form(parse_markdown(render(tree, Format.MARKDOWN))) == normal_form(tree)
    assert_markdown(
        doc(paragraph(text("!"), text("a", link("/b c", title='"')))), '\\![a](</b c> "\\"")\n'
    )


def test_images() -> None:
    """[EX22] images stay images; the description is text."""
    tree = doc(node("image", src="https://a.bc/i.png", alt="*a* [b]", title="t"))
    assert_markdown(tree, '![\\*a\\* \\[b\\]](https://a.bc/i.png "t")\n')
