# The server alone: runtime packages from the hashed lock file, no build tools, no root.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock .
RUN python -m venv /opt/switchyard \
    && /opt/switchyard/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY requirements-dev.lock .
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md ./
COPY server server
COPY interceptors interceptors
COPY gen gen
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/switchyard/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 switchyard && install -d -o switchyard /data
COPY --from=build /opt/switchyard /opt/switchyard
USER switchyard
VOLUME /data
EXPOSE 50051 9464
ENV PATH=/opt/switchyard/bin:$PATH
# Nobody reaches the container's ports but through what publishes them; there TLS ends, and callers
# need a key from the start, which `docker exec ... switchyard-server keys create` makes. To have TLS
# up to the server, mount its files and set SWITCHYARD_TLS_CERT_FILE and SWITCHYARD_TLS_KEY_FILE:
# then nothing is served in plain text, whatever SWITCHYARD_ALLOW_PLAINTEXT says.
ENV SWITCHYARD_ALLOW_PLAINTEXT=true \
    SWITCHYARD_LISTEN=0.0.0.0:50051 \
    SWITCHYARD_METRICS_LISTEN=0.0.0.0:9464 \
    SWITCHYARD_DATA_FOLDER=/data
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["switchyard-server", "health"]
ENTRYPOINT ["switchyard-server"]
CMD ["serve"]
