"""What is exported as HTML does nothing and asks nobody for anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from collab.content import render, render_html_fragment
from collab.interfaces import Format
from tests.content.hostile_trees import HOSTILE_ADDRESSES, hostile_documents
from tests.content.html_reader import read_inert
from tests.content.properties import examples
from tests.content.shapes import Tree, doc, link, node, paragraph, text
from tests.content.trees import documents


@given(hostile_documents)
@examples(150)
def test_hostile_trees(tree: Tree) -> None:
    """[EX10] only tags and attributes of the list, from any tree."""
    read_inert(render_html_fragment(tree))


@given(documents)
@examples(40)
def test_editor_trees(tree: Tree) -> None:
    """[EX10] only tags and attributes of the list, from trees of an editor."""
    read_inert(render_html_fragment(tree))


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_link_addresses(address: str) -> None:
    """[EX11] an address that might run is left out and the text stays; one that only holds
    quotes stays one attribute."""
    fragment = render_html_fragment(doc(paragraph(text("label", link(address)))))
    assert read_inert(fragment) == "label\n"
    assert ("<a " in fragment) == address.startswith("https:")


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
@pytest.mark.parametrize("form", list(Format))
def test_image_addresses(address: str, form: Format) -> None:
    """[EX12] an image that may not be shown leaves its description, in each format."""
    tree = doc(node("image", src=address, alt="label"))
    if form is Format.HTML:
        fragment = render_html_fragment(tree)
        assert read_inert(fragment) == "label\n"
        assert "<img" not in fragment
    elif form is Format.MARKDOWN and not address.startswith("https:"):
        assert render(tree, form) == "label\n"
    else:
        assert "label" in render(tree, form)


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_markdown_addresses(address: str) -> None:
    """[EX11] Markdown holds no such address either."""
    source = render(doc(paragraph(text("label", link(address)))), Format.MARKDOWN)
    assert (source == "label\n") == (not address.startswith("https:"))


def test_remote_image_is_a_link() -> None:
    """[EX12] an image of the web is a link to it."""
    tree = doc(node("image", src="https://example.org/i.png", alt="A <b>", title='"'))
    assert render_html_fragment(tree) == (
        '<p><a href="https://example.org/i.png" rel="noopener noreferrer nofollow" '
        'title="&quot;">A &lt;b&gt;</a></p>\n'
    )


def test_inline_image_is_shown() -> None:
    """[EX12] an image that lies whole in its address is shown."""
    tree = doc(node("image", src="data:image/png;base64,iVBORw0=", alt="dot"))
    expected = '<p><img src="data:image/png;base64,iVBORw0=" alt="dot"></p>\n'
    assert render_html_fragment(tree) == expected


def test_document() -> None:
    """[EX13] a document has a policy that allows its own style sheet and inline images alone."""
    title = "</title><script>alert(1)</script>"
    page = render(doc(paragraph("x")), Format.HTML, title)
    assert page.startswith('<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n')
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert directives.keys() == {
        "default-src",
        "style-src",
        "img-src",
        "base-uri",
        "form-action",
    }
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "data:"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", directives["style-src"])
    assert page.index("Content-Security-Policy") < page.index("<title>") < page.index("<style>")
    assert "<script" not in page
    assert "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>" in page
    read_inert(page[page.index("<body>") + len("<body>") : page.index("</body>")])


def test_attributes_of_content() -> None:
    """[EX14] no style, class or handler of the content gets out."""
    evil = {"style": "background:url(https://a.bc)", "class": "x", "onclick": "y", "target": "_top"}
    tree = doc(
        node("paragraph", text("a", link("https://a.bc", **evil)), **evil),
        node("paragraph", text("b", {"type": "highlight", "attrs": {"color": "url(x)"}})),
        node("codeBlock", text("c"), language='js" onclick="x'),
    )
    assert render_html_fragment(tree) == (
        '<p><a href="https://a.bc" rel="noopener noreferrer nofollow">a</a></p>\n'
        "<p><mark>b</mark></p>\n"
        "<pre><code>c</code></pre>\n"
    )
