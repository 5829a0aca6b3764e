"""Logs: one line an event, in two formats."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from collab import telemetry

Form = Literal["text", "json"]


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def logged(form: Form, level: str = "info") -> tuple[io.StringIO, logging.Logger]:
    stream = io.StringIO()
    telemetry.configure(level, form, stream)
    return stream, logging.getLogger("collab.test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_is_an_object_a_line(root: logging.Logger) -> None:
    stream, log = logged("json")
    log.info("joined", extra={"document": "a\nb"})
    (line,) = lines(stream)
    assert (line["level"], line["logger"], line["message"]) == ("info", "collab.test", "joined")
    assert line["document"] == "a\nb"
    assert line["time"].endswith("Z")


def test_text_cannot_be_forged(root: logging.Logger) -> None:
    stream, log = logged("text")
    log.info("bad\nERROR", extra={"document": 'x"\nERROR y', "code": 4400, "empty": ""})
    (line,) = stream.getvalue().splitlines()
    assert line.endswith('collab.test bad\\nERROR document="x\\"\\nERROR y" code=4400 empty=""')


async def test_what_is_bound_goes_with_the_task_and_its_tasks(root: logging.Logger) -> None:
    stream, log = logged("json")

    async def inner() -> None:
        log.info("inner", extra={"document": "own"})

    with telemetry.bind(connection="c1", document="d"), telemetry.bind(user="u"):
        await asyncio.create_task(inner())
        log.info("here")
    log.info("after")
    first, second, third = lines(stream)
    assert (first["connection"], first["document"], first["user"]) == ("c1", "own", "u")
    assert (second["connection"], second["document"]) == ("c1", "d")
    assert "connection" not in third


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_is_kept(root: logging.Logger, form: Form) -> None:
    stream, log = logged(form)
    try:
        raise ValueError("inside")
    except ValueError:
        log.exception("failed")
    assert "ValueError: inside" in stream.getvalue()


def test_uvicorn_may_only_warn(root: logging.Logger) -> None:
    """[AC11] its lines of information hold query strings."""
    stream, _ = logged("json", "debug")
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).info("GET /ws/x?token=hush")
    logging.getLogger("uvicorn.error").warning("odd")
    assert [line["message"] for line in lines(stream)] == ["odd"]


def test_the_level_holds(root: logging.Logger) -> None:
    stream, log = logged("json", "error")
    log.warning("no")
    log.error("yes")
    assert [line["message"] for line in lines(stream)] == ["yes"]
