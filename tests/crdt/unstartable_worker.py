"""A worker process that dies before it is ready."""

raise SystemExit(9)
