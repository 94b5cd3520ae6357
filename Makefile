# `make run` and `make test` do everything on a fresh machine; the rest is for developers.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Two workers per core, 16 at the most: many tests wait for a daemon or a server.
WORKERS ?= $(shell n=$$((2 * $$(getconf _NPROCESSORS_ONLN))); echo $$((n < 16 ? n : 16)))
# For `make sign`.
KEY ?= ~/.ssh/id_ed25519
# For `make fuzz`.
FUZZ_SECONDS ?= 60
TARGETS ?= config csv ndjson parquet ooni speedtest ookla iperf3 ndt7 atlas smokeping fping prometheus http dns
# For `make mutants`.
SAMPLE ?= 40
SEED ?= 1
SCRIPTS := monitor/web/static

.PHONY: help run test test-long test-busy test-cluster test-install check tests fix lock audit sbom release deb sign fuzz mutants study messages clean

help:           ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

run: $(VENV)/.run  ## environment, install, then the daemon with config.yaml on SQLite
	$(BIN)/monitor init --when-shipped
	$(BIN)/monitor run

test: $(VENV)/.dev  ## environment, everything the tests need, then all checks and tests
	$(MAKE) -j2 check tests

# Python keeps what it has compiled: the tests start hundreds of processes.
tests: export PYTHONDONTWRITEBYTECODE :=
tests: $(VENV)/.dev  ## the tests alone
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-long: $(VENV)/.dev  ## the tests that cost as much CPU as a hundred others; docs/tests.md
	$(BIN)/python -m benchmarks.long_tests

test-busy: $(VENV)/.dev  ## `make test` by itself, then beside two busy processes per core
	$(BIN)/python -m benchmarks.busy

check: $(VENV)/.dev  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/oxfmt --check $(SCRIPTS)
	$(BIN)/oxlint $(SCRIPTS)
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/oxfmt --write $(SCRIPTS)

lock:           ## write the hash-pinned requirements anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade requirements/build.in -o requirements/build.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade requirements/fuzz.in -o requirements/fuzz.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/cluster.in -c requirements/dev.txt -o requirements/cluster.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/s3.in -o requirements/s3.txt

audit: $(VENV)/.dev  ## known vulnerabilities of everything pinned; fails too when nobody can be asked
	$(BIN)/python -m release.audit

sbom: $(VENV)/.dev  ## the bill of materials (CycloneDX) in dist/
	mkdir -p dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m release.sbom > dist/monitor.cdx.json

release: $(VENV)/.dev  ## wheel, bill of materials, notes and checksums in dist/
	rm -rf dist
	$(MAKE) sbom
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel -d dist
	$(BIN)/python -m release.notes > dist/NOTES.md
	cd dist && sha256sum *.whl *.json *.md > SHA256SUMS

deb:            ## the Debian package in dist/ (needs Debian's debhelper and help2man)
	$(PYTHON) -m release.deb

test-install: $(VENV)/.dev  ## wheel by pipx, .deb on a clean Debian, container (root, 30 min; docs/install.md)
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel -d dist
	$(MAKE) deb
	$(BIN)/python -m pytest tests/install/installed_by_pipx.py tests/install/installed_by_apt.py tests/install/installed_as_container.py

sign:           ## sign dist/SHA256SUMS with the SSH key KEY
	ssh-keygen -Y sign -f $(KEY) -n monitor dist/SHA256SUMS

fuzz: $(VENV)/.fuzz  ## look for bytes that break a reader: every target for FUZZ_SECONDS (Linux)
	for name in $(TARGETS); do $(BIN)/python -m fuzz $$name --seconds $(FUZZ_SECONDS) || exit 1; done

test-cluster: $(VENV)/.cluster  ## fleets on Spark (needs Java 17), on S3 (loopback), on two nodes with one killed
	S3_SERVER=$(VENV)-s3/bin/moto_server $(BIN)/python -m pytest tests/fleet/cluster_s3.py tests/fleet/cluster_nodes.py tests/fleet/cluster_spark.py

mutants: $(VENV)/.dev  ## small faults put into the program: a sample of SAMPLE per group
	$(BIN)/python -m mutants --sample $(SAMPLE) --seed $(SEED) --write

study: $(VENV)/.dev  ## measure the error rates anew and write docs/error-rates.md (hours)
	$(BIN)/python -m study run --families all --homes 1000 --thin 2 --seeds score --jobs 2 --out study.jsonl
	$(BIN)/python -m study report --in study.jsonl --out docs/error-rates.md
	$(BIN)/python -m study patterns --into docs/error-rates.md
	$(BIN)/python -m study capacity --homes 80 --seeds score --jobs 2 --into docs/error-rates.md
	$(BIN)/python -m study rates --from docs/error-rates.md

messages: $(VENV)/.dev  ## bring monitor/wording/*.po up to date with the code
	$(BIN)/python -m release.messages

clean:          ## remove the environment
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "monitor needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 | cut -d' ' -f2). Another one: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import struct, sys; sys.exit(struct.calcsize("P") < 8)' || { echo "monitor needs a 64-bit system: 13 of its packages have no wheels for 32 bits. On a Raspberry Pi take Raspberry Pi OS (64-bit)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml requirements/run.txt requirements/build.txt
	@echo "monitor: installing $$(grep -c == requirements/run.txt) packages, a few minutes the first time ..."
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/.cluster: $(VENV)/.dev requirements/cluster.txt requirements/s3.txt
	$(PYTHON) -m venv $(VENV)-s3
	$(VENV)-s3/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/s3.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/cluster.txt
	touch $@

$(VENV)/.fuzz: $(VENV)/.run requirements/fuzz.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	touch $@
