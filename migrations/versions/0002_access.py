"""Grants and share links, and the way to the documents of a user."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_index("ix_documents_owner", "documents", ["owner"])
    op.create_table(
        "grants",
        sa.Column("document", identifier, nullable=False),
        sa.Column("user", identifier, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("document", "user", name="pk_grants"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_grants_document"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_grants_user", "grants", ["user"])
    op.create_table(
        "links",
        sa.Column("id", identifier, nullable=False),
        sa.Column("document", identifier, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=True),
        sa.Column("revoked", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint("secret_hash", name="uq_links_secret_hash"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_links_document"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_document", "links", ["document"])


def downgrade() -> None:
    op.drop_index("ix_links_document", table_name="links")
    op.drop_table("links")
    op.drop_index("ix_grants_user", table_name="grants")
    op.drop_table("grants")
    op.drop_index("ix_documents_owner", table_name="documents")
