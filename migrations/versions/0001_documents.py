"""Documents, their logs and their snapshots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "documents",
        sa.Column("id", identifier, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.Column("deleted", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_documents_updated_id",
        "documents",
        ["updated", "id"],
        sqlite_where=sa.text("deleted IS NULL"),
        postgresql_where=sa.text("deleted IS NULL"),
    )
    op.create_table(
        "updates",
        sa.Column("document", identifier, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("clients", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("document", "sequence", name="pk_updates"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_updates_document"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "snapshots",
        sa.Column("document", identifier, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("state_vector", sa.LargeBinary(), nullable=False),
        sa.Column("delete_set", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("document", "sequence", name="pk_snapshots"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_snapshots_document"),
    )


def downgrade() -> None:
    op.drop_table("snapshots")
    op.drop_table("updates")
    op.drop_index("ix_documents_updated_id", table_name="documents")
    op.drop_table("documents")
