#!/usr/bin/env bash
# Resolve into lock files: versions and hashes, for every platform. requirements.lock is the server
# alone, requirements-dev.lock everything that the repository needs.
set -euo pipefail
cd "$(dirname "$0")/.."
test -x build/lock/bin/uv || { python3.11 -m venv build/lock && build/lock/bin/pip install --quiet uv; }
compile() { build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header "$@"; }
compile pyproject.toml -o requirements.lock
compile --extra dev -c requirements.lock pyproject.toml clients/pyproject.toml -o requirements-dev.lock
