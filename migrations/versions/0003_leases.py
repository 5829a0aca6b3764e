"""Leases, and what `collab copy` wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "leases",
        sa.Column("name", identifier, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
        sqlite_with_rowid=False,
    )
    # Counts the fences of all leases: theirs go with their rows.
    op.execute("INSERT INTO leases (name, holder, fence, expires) VALUES ('', '', 0, 0)")
    op.create_table(
        "copies",
        sa.Column("document", identifier, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("copied", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_copies"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_copies_document"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("copies")
    op.drop_table("leases")
