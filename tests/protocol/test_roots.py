"""What kind each root is, told from what lies under it."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from collab.errors import ProtocolError
from collab.protocol.roots import RootKind, root_kinds

from . import builders as build
from .builders import Place, one, section, string_struct, type_struct, update

KEY = Place(key="k")


@pytest.mark.parametrize(
    ("struct", "kind"),
    [
        (string_struct("a"), RootKind.TEXT),
        (build.format_struct("bold", "true"), RootKind.TEXT),
        (build.embed_struct("{}"), RootKind.TEXT),
        (type_struct(3, name="p"), RootKind.XML),
        (type_struct(6), RootKind.XML),
        (build.any_struct(1, place=KEY), RootKind.MAP),
        (type_struct(3, KEY, name="p"), RootKind.MAP),
        (build.doc_struct("g", {}, KEY), RootKind.MAP),
        (build.any_struct(1), RootKind.ARRAY),
        (build.binary_struct(b""), RootKind.ARRAY),
        (type_struct(0), RootKind.ARRAY),
        (type_struct(4), RootKind.ARRAY),
    ],
)
def test_one_struct(struct: bytes, kind: RootKind) -> None:
    """[UP28] each content tells what it is for."""
    assert root_kinds(one(struct)) == {"t": kind}


@pytest.mark.parametrize(
    "data", [b"\x00\x00", one(build.deleted_struct(5)), one(build.gc_struct(5))]
)
def test_nothing_left(data: bytes) -> None:
    """[UP28] a root with nothing but deleted content has no kind."""
    assert root_kinds(data) == {}


@pytest.mark.parametrize(
    ("structs", "kind"),
    [
        ([string_struct("a"), type_struct(3, name="p")], RootKind.TEXT),
        ([type_struct(6), build.format_struct("b", "1")], RootKind.TEXT),
        ([string_struct("a"), build.any_struct(1, place=KEY)], RootKind.TEXT),
        ([type_struct(6), build.any_struct("v", place=KEY)], RootKind.XML),
        ([build.any_struct(1), type_struct(3, name="p")], RootKind.XML),
        ([build.any_struct(1, place=KEY), build.any_struct(1)], RootKind.ARRAY),
    ],
)
def test_precedence(structs: list[bytes], kind: RootKind) -> None:
    """[UP28] of several kinds text comes first, then XML, array and map, in any order."""
    for order in (structs, structs[::-1]):
        assert root_kinds(update(section(1, 0, *order))) == {"t": kind}


def test_neighbours_of_deleted_content() -> None:
    """[UP28] what lies beside deleted content counts for the root that this one names."""
    data = update(
        section(2, 5, string_struct("bc", Place(right_origin=(1, 2)))),
        section(1, 0, build.deleted_struct(3), string_struct("x", Place(origin=(2, 6)))),
    )
    assert root_kinds(data) == {"t": RootKind.TEXT}


def test_content_of_types_below() -> None:
    """[UP28] only what lies directly under a root tells its kind."""
    data = update(
        section(
            1,
            0,
            type_struct(3, name="p"),
            string_struct("text", Place(parent=(1, 0))),
            build.any_struct("v", place=Place(parent=(1, 0), key="k")),
            string_struct("more", Place(origin=(1, 4))),
        )
    )
    assert root_kinds(data) == {"t": RootKind.XML}


def test_unknown_lineage() -> None:
    """[UP28] content beside what this update does not hold tells nothing."""
    data = update(
        section(1, 10, string_struct("a", Place(origin=(1, 3)))),
        section(2, 10, string_struct("a", Place(origin=(2, 3))), build.skip_struct(3)),
        section(3, 0, string_struct("a", Place(parent=(2, 12)))),
        section(4, 0, string_struct("a", Place(parent=(7, 0)))),
    )
    assert root_kinds(data) == {}


def test_real_documents() -> None:
    """[UP28] every root of a document as pycrdt writes it."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc["text"] = text = pycrdt.Text("x")
    doc["xml"] = xml = pycrdt.XmlFragment([pycrdt.XmlElement("p", {"a": "b"})])
    doc["map"] = pycrdt.Map({"a": pycrdt.Text("nested")})
    doc["array"] = pycrdt.Array([1, pycrdt.Map({"a": "b"})])
    doc["empty"] = pycrdt.Text("")
    text.clear()
    text += "again"
    del xml.children[0]
    xml.children.append(pycrdt.XmlText("end"))
    assert root_kinds(doc.get_update()) == {
        "text": RootKind.TEXT,
        "xml": RootKind.XML,
        "map": RootKind.MAP,
        "array": RootKind.ARRAY,
    }


def test_malformed() -> None:
    """[PR11] other bytes raise ProtocolError."""
    with pytest.raises(ProtocolError):
        root_kinds(b"\x01")
