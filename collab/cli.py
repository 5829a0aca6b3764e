"""The command `collab`.

Exit codes: 0 all is well; 1 something asked for failed; 2 a wrong setting or argument, with
one line on stderr that says what to change.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from collab.access import Role
from collab.errors import CollabError, ConfigError, DocumentNotFound, Unauthenticated

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

    from collab.api.formats import ContentFormat
    from collab.offline import Outcome
    from collab.place import Place
    from collab.settings import Settings

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

MAX_HOURS = 24 * 366

FORMATS = ("markdown", "html", "text", "json", "update")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ConfigError as error:
        return _complain(error, MISUSED)
    except DocumentNotFound as error:
        return _complain(f"there is no document {error}", FAILED)
    except (CollabError, OSError) as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _complain(error: Exception | str, code: int) -> int:
    print(f"collab: {str(error) or type(error).__name__}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="collab",
        description="A self-hosted backend for collaborative documents.",
        epilog="Settings are environment variables, such as COLLAB_PORT; docs/configuration.md "
        "lists them all.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the server until SIGTERM or SIGINT")
    serve.add_argument("--host", help="overrides COLLAB_HOST")
    serve.add_argument("--port", help="overrides COLLAB_PORT; 0 for any free port")
    serve.add_argument("--workers", help="overrides COLLAB_WORKERS")
    # Ours, for the processes that we start.
    serve.add_argument("--place", help=argparse.SUPPRESS)
    serve.set_defaults(command=_serve, parser=serve)

    migrate = commands.add_parser(
        "migrate", help="bring the database to the schema of this version"
    )
    migrate.set_defaults(command=_migrate)

    export = commands.add_parser(
        "export",
        help="write documents out, straight from the database",
        description="Write documents out, straight from the database; a server may be running.",
    )
    export.add_argument("document", nargs="?", metavar="DOCUMENT", help="the id of a document")
    export.add_argument("--all", metavar="DIR", type=Path, help="every document, into DIR")
    export.add_argument("--format", choices=FORMATS, default="markdown", help="default: markdown")
    export.add_argument("--root", help="the shared type to read, if not the document's own")
    export.add_argument("--output", type=Path, metavar="FILE", help="write here, not to stdout")
    export.set_defaults(command=_export, parser=export)

    check = commands.add_parser(
        "check", help="check the settings, the database, and that every document can be read"
    )
    check.set_defaults(command=_check)
    _add_copy(commands)
    _add_token(commands)
    return parser


def _add_copy(commands: Commands) -> None:
    copy = commands.add_parser(
        "copy",
        help="copy all documents to another database",
        description="Copy all documents to another database, which `collab migrate` has made, and "
        "compare what is in both then. Run it again after it was interrupted, or to bring over "
        "what has changed since. Nothing that was changed at the target is overwritten.",
    )
    for option, dest, example in (
        ("--from", "source", "sqlite:///data/collab.db"),
        ("--to", "target", "postgresql://user@host/collab"),
    ):
        copy.add_argument(
            option, dest=dest, required=True, metavar="URL", help=f"such as {example}"
        )
    copy.set_defaults(command=_copy)


def _add_token(commands: Commands) -> None:
    token = commands.add_parser(
        "token",
        help="print a token, for development",
        description="Print a token signed with COLLAB_JWT_SECRET, for development: a product "
        "signs its own.",
    )
    token.add_argument("--user", required=True, metavar="ID", help="whom it is for: `sub`")
    token.add_argument("--name", default="", help="what others see; default: the client's choice")
    token.add_argument("--color", metavar="#RRGGBB", help="the colour of the user's cursor")
    token.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="PATTERN=ROLE",
        help="a right: a document id, or the beginning of some and a *; owner, editor, commenter "
        "or viewer; may be repeated",
    )
    token.add_argument("--create", action="store_true", help="allow to create documents")
    token.add_argument("--hours", type=float, default=8, help="how long it is good; default: 8")
    token.set_defaults(command=_token, parser=token)


def _configured(**overrides: object) -> Settings:
    # Here and below: imported when needed, so that --help answers at once.
    from collab.settings import load_settings
    from collab.telemetry import configure

    settings = load_settings(**{k: v for k, v in overrides.items() if v is not None})
    configure(settings.log_level, settings.log_format)
    return settings


def _serve(options: argparse.Namespace) -> int:
    # Pydantic would look for plugins, in what is written of every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with _uncollected():
        settings = _configured(host=options.host, port=options.port, workers=options.workers)
    settings.require_safe_exposure()
    place = None if options.place is None else _placed(options)
    if settings.workers > 1 and place is None:
        from collab.processes import supervise

        return supervise(settings, _announce)
    with _uncollected():
        # After the settings, so that a wrong one is told at once.
        from collab.app import Service, create_app
        from collab.server import run

        service = Service(settings)
        app = create_app(settings, service)
    run(app, service, settings, _announce, place)
    return 0


def _placed(options: argparse.Namespace) -> Place:
    from collab.place import Place
    from collab.telemetry import note

    try:
        place = Place.inherited(options.place)
    except (ValueError, OSError):
        options.parser.error("--place is for processes that collab starts itself")
    note(worker=place.number)
    return place


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is imported and built in it stays: garbage collections would find nothing there, now
    nor, each time that they walk through all of it, later."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _announce(url: str) -> None:
    print(f"Collab is ready at {url}", flush=True)


def _token(options: argparse.Namespace) -> int:
    if not 0 < options.hours <= MAX_HOURS:
        options.parser.error(f"--hours is over 0 and at most {MAX_HOURS}")
    settings = _configured()
    from collab.clock import SystemClock
    from collab.identity import token_issuer

    rights = dict(_right(text) for text in options.document)
    try:
        token = token_issuer(settings, SystemClock()).issue(
            options.user,
            options.name,
            rights,
            options.hours * 3600,
            may_create=options.create,
            color=options.color,
        )
    except Unauthenticated as error:
        raise ConfigError(f"nobody would take this token: {error}") from None
    print(token)
    return 0


def _right(text: str) -> tuple[str, Role]:
    pattern, _, role = text.rpartition("=")
    if pattern and role in list(Role):
        return pattern, Role(role)
    raise ConfigError(f"--document {text}: should be PATTERN=ROLE, such as 'team/*=editor'")


def _migrate(_options: argparse.Namespace) -> int:
    settings = _configured()
    from collab.storage.schema import migrate

    settings.make_data_dir()
    asyncio.run(migrate(settings.database))
    print("The database is current.")
    return 0


def _export(options: argparse.Namespace) -> int:
    if (options.document is None) == (options.all is None):
        options.parser.error("name either a DOCUMENT or --all DIR")
    if options.all is not None and (options.root or options.output):
        options.parser.error("--root and --output are for a single document")
    settings = _configured()
    from collab.api.formats import ContentFormat

    form = ContentFormat(options.format)
    if options.all is not None:
        options.all.mkdir(parents=True, exist_ok=True)
        return asyncio.run(_export_all(settings, options.all, form))
    from collab.offline import export_one
    from collab.protocol.ids import parse_document_id

    document = parse_document_id(options.document)
    data = asyncio.run(export_one(settings, document, form, options.root))
    if options.output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        options.output.write_bytes(data)
    return 0


async def _export_all(settings: Settings, directory: Path, form: ContentFormat) -> int:
    from collab.offline import export_all

    tally = _Tally()
    async for outcome in export_all(settings, form):
        if outcome.fault is None:
            (directory / outcome.detail).write_bytes(outcome.data)
        tally.add(outcome)
    return tally.close("exported")


def _check(_options: argparse.Namespace) -> int:
    settings = _configured()
    settings.require_safe_exposure()
    from collab.settings import unknown_variables

    for line in unknown_variables(os.environ):
        print(f"note  {line}")
    return asyncio.run(_check_all(settings))


async def _check_all(settings: Settings) -> int:
    from collab.clock import SystemClock
    from collab.identity import check_keys
    from collab.offline import check_all

    await check_keys(settings, SystemClock())
    tally = _Tally()
    async for outcome in check_all(settings):
        tally.add(outcome)
    return tally.close("checked")


def _copy(options: argparse.Namespace) -> int:
    _configured()
    return asyncio.run(_copy_all(options.source, options.target))


async def _copy_all(source: str, target: str) -> int:
    from collab.clock import SystemClock
    from collab.copying import Progress, opened

    async with opened(source, target, SystemClock()) as copier:
        progress = Progress(await copier.count())
        async for outcome in copier.copy_all():
            for line in progress.add(outcome):
                print(line, flush=True)
    print(progress.summary())
    return FAILED if progress.bad else 0


class _Tally:
    """Prints a line a document, and what they come to."""

    def __init__(self) -> None:
        self._good = self._bad = 0

    def add(self, outcome: Outcome) -> None:
        if outcome.fault is None:
            self._good += 1
            print(f"ok    {outcome.document}  {outcome.detail}")
        else:
            self._bad += 1
            print(f"BAD   {outcome.document}  {outcome.fault}")

    def close(self, done: str) -> int:
        print(f"{self._good + self._bad} documents {done}, {self._bad} bad")
        return FAILED if self._bad else 0
