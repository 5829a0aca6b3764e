"""What every DocumentWorker must do; run over the real pool, and over the table of operations
called in place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pycrdt
import pytest
import pytest_asyncio

from collab.crdt.pool import WorkerPool
from collab.crdt.updates import EMPTY_STATE, EMPTY_UPDATE, merge, missing
from collab.errors import DocumentUnreadable, ProtocolError, WorkerDied
from collab.interfaces import DocumentWorker, Format, Kind
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import stored_facts, validate_update
from tests.crdt.histories import history, loaded, shown
from tests.support.inline_worker import InlineWorker

# One pool, and so one event loop, for all tests here: children take a moment to start.
pytestmark = pytest.mark.asyncio(loop_scope="module")

GARBAGE = b"\xff" * 64


def note(words: str) -> bytes:
    """A note with one heading."""
    document: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
    children = document.get("default", type=pycrdt.XmlFragment).children
    heading = children.append(pycrdt.XmlElement("heading", {}, [pycrdt.XmlText(words)]))
    heading.attributes["level"] = 2
    return document.get_update()


def text(characters: str) -> bytes:
    document: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    document.get("content", type=pycrdt.Text).insert(0, characters)
    return document.get_update()


class DocumentWorkerContract:
    """Subclass it with a `worker` fixture."""

    async def test_inspect_gives_the_facts(self, worker: DocumentWorker) -> None:
        """[WK9] an update is validated as on the event loop."""
        update = merge(history(1))
        assert await worker.inspect(update) == validate_update(update)

    async def test_inspect_refuses_what_is_malformed(self, worker: DocumentWorker) -> None:
        """[WK9] malformed bytes raise ProtocolError, as on the event loop."""
        with pytest.raises(ProtocolError):
            await worker.inspect(GARBAGE)

    async def test_inspect_reads_stored_rows(self, worker: DocumentWorker) -> None:
        """[WK9] a row merged from many peers' updates is read, not judged."""
        update = merge(history(1))
        assert await worker.inspect(update, stored=True) == stored_facts(update)
        with pytest.raises(ProtocolError):
            await worker.inspect(GARBAGE, stored=True)

    async def test_trim_takes_out_what_is_known(self, worker: DocumentWorker) -> None:
        """[WK9] structs that are known are cut off, within a struct if need be."""
        update = text("abcdef")
        ((client, ((start, end),)),) = validate_update(update).structs.items()
        assert await worker.trim(update, {}) == update
        rest = validate_update(await worker.trim(update, {client: ((start, 4),)}))
        assert rest.structs == {client: ((4, end),)}
        assert not validate_update(await worker.trim(update, {client: ((0, end),)})).structs

    async def test_compact_keeps_content(self, worker: DocumentWorker) -> None:
        """[WK4] a compacted document shows the same and describes itself."""
        updates = history(2)
        result = await worker.compact(updates)
        assert shown(loaded(result.data)) == shown(loaded(merge(updates)))
        vector = decode_state_vector(result.state_vector)
        assert vector == decode_state_vector(loaded(result.data).get_state())

    async def test_compact_of_nothing(self, worker: DocumentWorker) -> None:
        """[WK4] no updates make an empty document."""
        assert (await worker.compact([])).data == EMPTY_UPDATE

    async def test_compact_refuses_garbage(self, worker: DocumentWorker) -> None:
        """[WK3] unreadable bytes raise DocumentUnreadable."""
        with pytest.raises(DocumentUnreadable):
            await worker.compact([text("a"), GARBAGE])

    async def test_missing_equals_the_byte_function(self, worker: DocumentWorker) -> None:
        """[WK2] what a replica lacks is the same as computed in place."""
        updates = history(3)
        state = loaded(merge(updates[:10])).get_state()
        assert await worker.missing(updates, state) == missing(merge(updates), state)
        assert await worker.missing([], EMPTY_STATE) == EMPTY_UPDATE

    async def test_render_of_a_note(self, worker: DocumentWorker) -> None:
        """[WK10] XML becomes a tree of nodes, numbers whole again."""
        tree = json.loads(await worker.render(note("Hi"), "default", Kind.NOTE, Format.JSON))
        assert tree == {
            "type": "doc",
            "content": [
                {
                    "type": "heading",
                    "attrs": {"level": 2},
                    "content": [{"type": "text", "text": "Hi"}],
                }
            ],
        }

    @pytest.mark.parametrize("form", Format)
    async def test_render_in_every_format(self, worker: DocumentWorker, form: Format) -> None:
        """[WK10] every format has a rendering that holds the words."""
        assert "Hello" in await worker.render(note("Hello"), "default", Kind.NOTE, form)

    async def test_text_comes_out_exactly(self, worker: DocumentWorker) -> None:
        """[WK11] a text as text is its characters, spaces and line ends included."""
        characters = "  two\n\n\tlines \N{BALLOON}\r\n "
        update = text(characters)
        assert await worker.render(update, "content", Kind.TEXT, Format.TEXT) == characters

    async def test_content_outweighs_the_kind(self, worker: DocumentWorker) -> None:
        """[WK12] a root with text in it is a text, whatever kind the document has."""
        assert await worker.render(text("x\n"), "content", Kind.NOTE, Format.TEXT) == "x\n"

    async def test_a_map_is_unreadable(self, worker: DocumentWorker) -> None:
        """[WK12] a root that is neither text nor XML raises DocumentUnreadable, by name."""
        document: pycrdt.Doc[pycrdt.Map[str]] = pycrdt.Doc()
        document.get("settings", type=pycrdt.Map)["k"] = "v"
        with pytest.raises(DocumentUnreadable, match="'settings' is a shared map"):
            await worker.render(document.get_update(), "settings", Kind.NOTE, Format.JSON)

    async def test_any_name_may_be_asked_for(self, worker: DocumentWorker) -> None:
        """[WK12] a root that is not there is empty; a name that is no Unicode is an error."""
        assert await worker.render(text("x"), "other", Kind.TEXT, Format.TEXT) == ""
        with pytest.raises(DocumentUnreadable):
            await worker.render(text("x"), "\ud800", Kind.TEXT, Format.TEXT)

    async def test_many_at_once_get_their_own_answers(self, worker: DocumentWorker) -> None:
        """[WK13] twenty requests at the same time, each with its own answer."""
        words = [f"document {number}" for number in range(20)]
        answers = await asyncio.gather(
            *(worker.render(text(word), "content", Kind.TEXT, Format.TEXT) for word in words)
        )
        assert answers == words

    async def test_a_failure_is_only_its_own(self, worker: DocumentWorker) -> None:
        """[WK13] requests beside one that fails are not touched."""
        results = await asyncio.gather(
            worker.compact([text("a"), GARBAGE]),
            worker.render(text("fine"), "content", Kind.TEXT, Format.TEXT),
            worker.inspect(GARBAGE),
            return_exceptions=True,
        )
        assert isinstance(results[0], DocumentUnreadable)
        assert results[1] == "fine"
        assert isinstance(results[2], ProtocolError)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool()
    yield pool
    await pool.aclose()


class TestWorkerPool(DocumentWorkerContract):
    @pytest.fixture
    def worker(self, pool: WorkerPool) -> DocumentWorker:
        return pool


class TestInlineWorker(DocumentWorkerContract):
    @pytest.fixture
    def worker(self) -> DocumentWorker:
        return InlineWorker()


async def test_a_closed_pool_refuses() -> None:
    """[WK14] after the end every request fails with WorkerDied, and closing twice is fine."""
    pool = WorkerPool()
    await pool.aclose()
    await pool.aclose()
    with pytest.raises(WorkerDied):
        await pool.inspect(EMPTY_UPDATE)
