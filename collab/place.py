"""What a process that serves beside others is given by the one that started it."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Place:
    """`number` counts from 0; `restarts` says how often the process with this number had to be
    started again."""

    number: int
    restarts: int
    bound: socket.socket
    """What all of them listen on: whoever is free takes the next connection, and none is lost
    with a process that ends before it took it."""
    line: socket.socket
    """To the one that started it: closed when that one is gone."""

    @classmethod
    def inherited(cls, argument: str) -> Self:
        """From the argument that `argument_for` made. Raises ValueError, OSError."""
        bound, number, restarts = map(int, argument.split(":"))
        listening = socket.socket(fileno=bound)
        listening.set_inheritable(False)
        return cls(number, restarts, listening, socket.socket(fileno=0))

    def announce(self) -> None:
        """Say that connections are accepted."""
        with suppress(OSError):  # it is gone: then the line is at its end
            self.line.send(b".")


def argument_for(bound: socket.socket, number: int, restarts: int) -> str:
    """For a process that inherits `bound`, and has its line as its standard input."""
    return f"{bound.fileno()}:{number}:{restarts}"
