"""Hypothesis strategies: whatever JSON a peer could put where a document should be."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.content.shapes import Tree
from tests.content.trees import UNSAFE_ADDRESSES, nasty_text

NODE_NAMES = [
    "doc",
    "paragraph",
    "heading",
    "blockquote",
    "bulletList",
    "orderedList",
    "listItem",
    "taskList",
    "taskItem",
    "codeBlock",
    "horizontalRule",
    "hardBreak",
    "image",
    "table",
    "tableRow",
    "tableHeader",
    "tableCell",
    "mention",
    "text",
    "blockGroup",
    "blockContainer",
    "bulletListItem",
    "numberedListItem",
    "checkListItem",
    "bullet_list",
    "list_item",
    "youtube",
]
MARK_NAMES = [
    "bold",
    "italic",
    "strike",
    "code",
    "underline",
    "link",
    "highlight",
    "subscript",
    "superscript",
    "textStyle",
    "comment",
]

HOSTILE_ADDRESSES = (
    *UNSAFE_ADDRESSES,
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    " \n javascript:alert(1)",
    "javascript&colon;alert(1)",
    "java&#10;script:alert(1)",
    "&#106;avascript:alert(1)",
    "java\u200bscript:alert(1)",
    "\ufeffjavascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml;base64,PHN2Zz4=",
    'data:image/png;base64,AA" onerror="alert(1)',
    'https://a.bc/" onmouseover="alert(1)',
    "https://a.bc/' onclick='x",
    "https://a.bc/><script>alert(1)</script>",
    "blob:https://a.bc/1",
    "ws://a.bc",
    "view-source:x",
)
_hostile_text = st.one_of(
    nasty_text,
    st.sampled_from(HOSTILE_ADDRESSES),
    st.sampled_from(
        ("</style><script>", "--></p>", "]]>", "</title>", '"onload="x', "'", "\ud800", "</a>")
    ),
)
_values: st.SearchStrategy[object] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        _hostile_text,
        st.sampled_from((2.0, 99, -1, 10**30, 1e300, b"bytes", object())),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_hostile_text, inner, max_size=3)
    ),
    max_leaves=4,
)
_attrs = st.one_of(
    st.none(),
    _values,
    st.dictionaries(
        st.sampled_from(
            [
                "href",
                "src",
                "url",
                "title",
                "alt",
                "level",
                "start",
                "order",
                "checked",
                "colspan",
                "rowspan",
                "language",
                "label",
                "id",
                "name",
                "class",
                "style",
                "target",
                "rel",
                "color",
                "type",
                "onclick",
                "mentionSuggestionChar",
            ]
        ),
        st.one_of(_values, _hostile_text, _hostile_text),
        max_size=4,
    ),
)
_marks = st.one_of(
    st.none(),
    _values,
    st.lists(
        st.one_of(
            _values,
            st.fixed_dictionaries(
                {"type": st.one_of(st.sampled_from(MARK_NAMES), _values), "attrs": _attrs}
            ),
        ),
        max_size=3,
    ),
)


def _node(content: st.SearchStrategy[object]) -> st.SearchStrategy[Tree]:
    return st.fixed_dictionaries(
        {"type": st.one_of(st.sampled_from(NODE_NAMES), st.sampled_from(NODE_NAMES), _values)},
        optional={"attrs": _attrs, "content": content, "marks": _marks, "text": _values},
    )


_nodes: st.SearchStrategy[object] = st.recursive(
    st.one_of(
        _values,
        st.fixed_dictionaries({"type": st.just("text"), "text": _hostile_text, "marks": _marks}),
        _node(st.none()),
    ),
    lambda inner: _node(st.lists(inner, max_size=4)),
    max_leaves=10,
)
hostile_documents = _node(st.lists(_nodes, max_size=4))
"""Mappings of the right keys with wrong values, in wrong places, under wrong names."""
