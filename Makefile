# Everything a person types. Each target sets up what it needs first.
PY := .venv/bin/python
STAMP := .venv/.stamp

.PHONY: run setup test check cluster bench torture format clean

run: setup          ## the console with an embedded node
	@$(PY) -m streamlit run app

setup: $(STAMP)     ## a .venv from the lock file; a no-op when current

$(STAMP): uv.lock pyproject.toml
	@command -v python3 >/dev/null || { echo "python3 (3.11 or newer) is needed: apt-get install python3 python3-venv"; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@echo "Setting up .venv from uv.lock (about a minute the first time) ..."
	@test -x $(PY) || python3 -m venv .venv || { echo "the venv module is needed: apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip
	@$(PY) -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@$(PY) -m uv sync --frozen --inexact --compile-bytecode
	@touch $(STAMP)

test: setup         ## every test that this machine can run
	@$(PY) -m pytest -ra -n auto --dist loadfile --no-loadscope-reorder

check: setup        ## format, lint, types, import contracts
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

cluster: setup      ## three nodes on loopback and the console on top
	@$(PY) -m app.cli.cluster

bench: setup        ## the benchmark table
	@$(PY) -m tests.bench

torture: setup      ## nodes under faults, and whether a fire got lost: MINUTES=5 SEED=1 NODES=3 KEEP=
	@$(PY) -m tests.torture --minutes $(or $(MINUTES),5) --seed $(or $(SEED),1) \
		--nodes $(or $(NODES),3) $(if $(KEEP),--keep $(KEEP))

format: setup
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
