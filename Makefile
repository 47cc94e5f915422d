# Everything needs Python 3.11 and make; `make check` also needs Node, for buf.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3.11
BIN := .venv/bin
SETUP := .venv/.ready
unexport PYTHONDONTWRITEBYTECODE  # tests start hundreds of processes: they compile the code once

.PHONY: help
help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(SETUP)  ## Prepare .venv from the lock file (skipped when nothing changed)

$(SETUP): requirements-dev.lock pyproject.toml clients/pyproject.toml
	@echo "Setting up .venv (about a gigabyte; once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e clients
	@touch $@

.PHONY: demo
demo: $(SETUP)  ## Start a server on an empty folder, triage examples/tickets.jsonl, show the result
	@$(BIN)/python -m examples.demo

.PHONY: serve
serve: $(SETUP)  ## Serve on 127.0.0.1:50051
	@$(BIN)/switchyard-server serve

# Tests wait for a third of their time: one worker more than there are processors.
WORKERS = -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --maxprocesses 4

.PHONY: test
test: $(SETUP)  ## Run all tests with branch coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(WORKERS) --max-worker-restart 0 --dist loadfile --no-loadscope-reorder $(TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

.PHONY: check
check: $(SETUP) node_modules/.package-lock.json  ## Format, lint, types, import rules, contract, generated code, advisories
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.generate --check
	$(BIN)/python -m tools.generate --image build/contract.binpb
	$(BUF) lint build/contract.binpb
	$(BUF) breaking build/contract.binpb --against protos/released.binpb
	$(BUF) format --diff --exit-code protos
	$(BIN)/python -m server.engines.embedded.training --starter --check
	$(BIN)/python -m tools.audit

BUF := node_modules/.bin/buf

node_modules/.package-lock.json: package.json package-lock.json
	@npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: generate
generate: $(SETUP)  ## Generate gen/ and the client's messages from protos/
	@$(BIN)/python -m tools.generate

.PHONY: released
released: $(SETUP)  ## Take today's contract as the one that must not break
	@$(BIN)/python -m tools.generate --image protos/released.binpb

.PHONY: model
model: $(SETUP)  ## Train the starter model from the starter taxonomy
	@$(BIN)/python -m server.engines.embedded.training --starter

.PHONY: lock
lock:  ## Resolve pyproject.toml into the lock files
	@tools/lock.sh

.PHONY: bench
bench: bench-calls bench-llm  ## Measure Triage beside a bare echo, and by a model beside the usual application

.PHONY: bench-calls
bench-calls: $(SETUP)
	@$(BIN)/python -m bench.calls

.PHONY: bench-llm
bench-llm: $(SETUP)
	@$(BIN)/python -m bench.llm_calls

.PHONY: faults
faults: $(SETUP)  ## 10,000 tickets while a fifth of the model's answers fail, in every way
	@$(BIN)/python -m bench.faults

.PHONY: outage
outage: $(SETUP)  ## A model dies under load and comes back: who answers? (draws docs/outage.svg)
	@$(BIN)/python -m bench.outage

.PHONY: load
load: $(SETUP)  ## 100 concurrent callers for a minute
	@$(BIN)/python -m bench.load

.PHONY: soak
soak: $(SETUP)  ## A million calls through the chain: is memory flat?
	@$(BIN)/python -m bench.soak

.PHONY: eval
eval: $(SETUP)  ## Measure the embedded engine on public data (SWITCHYARD_DATA, SWITCHYARD_EMBEDDING_MODEL)
	@$(BIN)/python -m bench.evaluation

.PHONY: semantic
semantic: $(SETUP)  ## Does the semantic cache keep its budget? (SWITCHYARD_DATA, SWITCHYARD_EMBEDDING_MODEL)
	@$(BIN)/python -m bench.semantic_cache

.PHONY: guarantee
guarantee: $(SETUP)  ## Do error budgets hold, and what do they automate? (SWITCHYARD_DATA; draws docs/error-budget.png)
	@$(BIN)/python -m bench.error_budget

.PHONY: redaction
redaction: $(SETUP)  ## What redaction finds in public data, and what it takes wrongly (SWITCHYARD_DATA)
	@$(BIN)/python -m bench.redaction

.PHONY: scale
scale: $(SETUP)  ## Results of ten million outcomes, and how fast more are recorded
	@$(BIN)/python -m bench.experiment_scale

.PHONY: simulate
simulate: $(SETUP)  ## Do experiments keep their promises? 2,000 of each kind, ten minutes
	@$(BIN)/python -m bench.simulate

.PHONY: experiment
experiment: $(SETUP)  ## Two engines as arms on public questions, until one wins (SWITCHYARD_DATA; draws docs/experiment.png)
	@$(BIN)/python -m bench.live_experiment

.PHONY: learning
learning: $(SETUP)  ## What feedback teaches, mark by mark (SWITCHYARD_DATA; draws docs/learning.png)
	@$(BIN)/python -m bench.learning

.PHONY: clean
clean:  ## Remove the environment and everything that was built
	@rm -rf .venv build node_modules .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
