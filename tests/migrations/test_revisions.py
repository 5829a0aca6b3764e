"""Revisions are read off the names of their files, without Alembic."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from collab.storage.schema import configuration, revisions


def test_files_are_named_by_their_revisions() -> None:
    """[ST20] in the order in which they were written."""
    scripts = ScriptDirectory.from_config(configuration())
    walked = [script.revision for script in scripts.walk_revisions()]
    assert list(revisions()) == walked[::-1]
