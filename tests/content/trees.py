"""Hypothesis strategies: trees as Tiptap writes them, with the nastiest text it can hold."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from tests.content.shapes import BREAK, Tree, doc, mark, node, text

_SNIPPETS = (
    *string.punctuation,
    *("a", "b", "Z", "0", "1", "7", " ", "  ", "\t", "\n", "\u00a0", "\u3000", "\ufeff"),
    *(
        "é",
        "ß",
        "и",
        "日",
        "本",
        "。",
        "「",
        "€",
        "😀",
        "👩‍💻",
        "a\u0301",
        "\u200b",
        "\u2028",
        "\u00ad",
    ),
    *("1.", "1. ", "12) ", "# ", "###", "> ", "- ", "+ ", "---", "===", "***", "___", "* * *"),
    *("|", "\\|", "| - |", ":-:", "|---|", "```", "~~~", "``", "[ ] ", "[x] ", "[^1]", "[a]: b"),
    *("<b>", "</b>", "<br>", "<!-- x -->", "<?x?>", "<script>", "<u>", "<a@b.cd>", "<https://x>"),
    *("&amp;", "&#65;", "&lt", "&", "&nbsp;", "\\", "\\\\", "![", "](x)", "[a](b)", "!"),
    *("https://a.bc/d", "www.a.bc", "me@a.bc", "mailto:a@b.cd", "http:", "ftp://x.y", "xmpp:a@b.c"),
    *("snake_case_name", "2*3*4", "~~x~~", "**x**", "_x_", "`x`", "[!NOTE]", "$x$", ":x:", "C#"),
    *("\x00", "\x0b", "\x1b[31m", "\r", "\r\n", "\x85", "\ufffe"),
)
_any_character = st.characters(codec="utf-8")
nasty_text = st.lists(
    st.one_of(st.sampled_from(_SNIPPETS), st.sampled_from(("a", "b ", " c", " ")), _any_character),
    min_size=1,
    max_size=3,
).map("".join)

_ADDRESSES = (
    "https://example.org/",
    "http://a.bc/?x=1&y=2&amp;z",
    "https://a.bc/(x)_y",
    "https://a.bc/ü x|<y>\\z`*",
    "mailto:me@a.bc",
    "tel:+1",
    "/a/b.md",
    "#top",
    "a b",
    "a\"b'c",
)
UNSAFE_ADDRESSES = ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///x")
_addresses = st.sampled_from(_ADDRESSES + UNSAFE_ADDRESSES)
_titles = st.one_of(st.none(), nasty_text)

_links = st.builds(lambda href, title: mark("link", href=href, title=title), _addresses, _titles)
_marks = st.builds(
    lambda names, links: [mark(name) for name in names] + links,
    st.lists(
        st.sampled_from(
            (
                "bold",
                "italic",
                "bold",
                "italic",
                "strike",
                "underline",
                "code",
                "highlight",
                "subscript",
                "superscript",
            )
        ),
        max_size=3,
        unique=True,
    ),
    st.one_of(st.just([]), st.just([]), _links.map(lambda link: [link])),
)
_texts = st.builds(lambda characters, marks: text(characters, *marks), nasty_text, _marks)
_images = st.builds(
    lambda src, alt, title, marks: node("image", src=src, alt=alt, title=title) | {"marks": marks},
    st.sampled_from(("https://a.bc/i.png", "i (1).png", "data:image/png;base64,AAAA", "file:x")),
    _titles,
    _titles,
    _marks,
)
_mentions = st.builds(lambda name: node("mention", id="7", label=name), nasty_text)
_inlines = st.lists(
    st.one_of(_texts, _texts, _texts, st.just(BREAK), _images, _mentions), max_size=4
)
_paragraphs = _inlines.map(lambda inlines: node("paragraph", *inlines))
_headings = st.builds(
    lambda n, inlines: node("heading", *inlines, level=n), st.integers(1, 6), _inlines
)
_code_blocks = st.builds(
    lambda language, lines: node(
        "codeBlock", *([text("\n".join(lines))] if any(lines) else []), language=language
    ),
    st.sampled_from((None, "python", "c++", "js")),
    st.lists(st.one_of(nasty_text, st.sampled_from(("", "````", "  x", "\tx", "~~~"))), max_size=4),
)
_leaves = st.one_of(
    _paragraphs,
    _paragraphs,
    _headings,
    _code_blocks,
    st.just(node("horizontalRule")),
    _images.map(lambda image: {k: v for k, v in image.items() if k != "marks"}),
)


def _lists(children: st.SearchStrategy[list[Tree]]) -> st.SearchStrategy[Tree]:
    contents = st.builds(lambda head, rest: [head, *rest], _paragraphs, children)
    items = st.lists(st.one_of(contents, children), min_size=1, max_size=3)
    starts = st.sampled_from((1, 1, 0, 3, 999_999_999))
    return st.one_of(
        items.map(lambda found: node("bulletList", *[node("listItem", *c) for c in found])),
        st.builds(
            lambda found, start: node(
                "orderedList", *[node("listItem", *c) for c in found], start=start
            ),
            items,
            starts,
        ),
        st.lists(st.tuples(st.booleans(), contents), min_size=1, max_size=3).map(
            lambda found: node("taskList", *[node("taskItem", *c, checked=x) for x, c in found])
        ),
    )


def _tables(children: st.SearchStrategy[list[Tree]]) -> st.SearchStrategy[Tree]:
    def cells(name: str) -> st.SearchStrategy[Tree]:
        spans = st.sampled_from((1, 1, 1, 2, 3))
        return st.builds(
            lambda content, colspan, rowspan: node(
                name, *content, colspan=colspan, rowspan=rowspan, colwidth=None
            ),
            children,
            spans,
            spans,
        )

    heads = st.lists(cells("tableHeader"), min_size=1, max_size=3)
    bodies = st.lists(st.lists(cells("tableCell"), min_size=1, max_size=3), max_size=3)
    return st.builds(
        lambda head, body: node("table", *[node("tableRow", *cells) for cells in (head, *body)]),
        heads,
        bodies,
    )


def _branches(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(children, max_size=3)
    return st.one_of(
        _lists(several),
        _lists(several),
        several.map(lambda blocks: node("blockquote", *blocks)),
    )


_blocks = st.recursive(_leaves, _branches, max_leaves=5)
_flat_tables = _tables(
    st.lists(st.one_of(_leaves, _lists(st.lists(_paragraphs, max_size=2))), max_size=2)
)

documents = st.lists(st.one_of(_blocks, _blocks, _flat_tables), max_size=3).map(lambda b: doc(*b))
"""Whole documents; their blocks nest a few levels deep."""

paragraph_documents = st.lists(_texts, min_size=1, max_size=6).map(
    lambda texts: doc(node("paragraph", *texts))
)
"""One paragraph with many marks: where delimiters meet."""
