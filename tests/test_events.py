"""Lines of log without a record: the same as with one."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from collab import telemetry

log = logging.getLogger("collab.test.events")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def configured(form: Literal["text", "json"], level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    telemetry.configure(level, form, stream)
    return stream


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_event_is_the_line_of_a_record(
    root: logging.Logger, form: Literal["text", "json"]
) -> None:
    stream = configured(form)
    facts = {"user": "a b", "code": None, "document": "its own"}
    with telemetry.bind(connection="c1", document="bound"):
        log.info("joi\nned", extra=facts)
        telemetry.event(log, "joi\nned", **facts)
    first, second = (_timeless(line) for line in stream.getvalue().splitlines())
    assert first == second
    assert "c1" in first
    assert "bound" not in first


def _timeless(line: str) -> str:
    day, _, rest = line.partition("T")
    return day + rest.partition("Z")[2]


def test_an_event_is_as_important_as_info(root: logging.Logger) -> None:
    stream = configured("text", "warning")
    telemetry.event(log, "hush")
    assert not stream.getvalue()


def test_whoever_else_listens_gets_a_record(
    root: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    stream = configured("text")
    root.addHandler(caplog.handler)
    telemetry.event(log, "joined", user="ann")
    (record,) = caplog.records
    assert vars(record)["user"] == "ann"
    assert stream.getvalue().endswith(" joined user=ann\n")


def test_a_line_that_cannot_be_written_is_lost(root: logging.Logger) -> None:
    stream = configured("text")
    stream.close()
    telemetry.event(log, "joined")
