#!/usr/bin/env bash
# Resolve pyproject.toml into the two lock files: versions and hashes, for every platform.
set -euo pipefail
cd "$(dirname "$0")/.."
test -x build/lock/bin/uv || { python3.11 -m venv build/lock && build/lock/bin/pip install --quiet uv; }
compile() { build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header "$@"; }
compile pyproject.toml clients/pyproject.toml -o requirements.lock
compile --extra dev -c requirements.lock pyproject.toml clients/pyproject.toml -o requirements-dev.lock
