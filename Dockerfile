FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv --without-pip /app \
  && pip --python /app/bin/python install --no-cache-dir --require-hashes --requirement constraints.txt \
  && pip --python /app/bin/python install --no-cache-dir --no-deps . \
  && /app/bin/python -c "import cards.catalog, cards.text; cards.text.load()"

FROM python:3.11-slim
RUN groupadd --gid 10001 cds \
  && useradd --uid 10001 --gid cds --no-create-home --shell /usr/sbin/nologin cds \
  && install -d -o cds -g cds -m 700 /data \
  && pip uninstall --yes --root-user-action=ignore pip setuptools wheel
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH HOST=0.0.0.0 PORT=8000 PYTHONUNBUFFERED=1
ENV CDS_DATABASE_URL=sqlite:////data/osteoporosis-cds.db
VOLUME /data
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=4)"]
CMD ["osteoporosis-cds", "serve"]
