# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PYTHON
PYTEST := -m pytest -q -p no:cacheprovider
# Tests wait more than they compute: one process more than there are cores, each with whole files (WORKERS=0 for one).
# The clients' tests stay together: several validators at once on two cores drop transactions.
PARALLEL = -n $(or $(WORKERS),$(shell expr $$(nproc) + 1)) --dist loadfile

.PHONY: help setup run test lint types contracts fuzz faults soak bench programs snapshots man lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## build .venv and localnet/.venv from their lock files
	@ops/environments.sh

run: setup ## everything on this machine, with people who stake; at a terminal the console on it, elsewhere Ctrl-C ends it
	@if [ -t 0 ] && [ -t 1 ]; then console=--console; fi; exec .venv/bin/opinion up --traffic $$console

test: setup ## run all the tests that this machine can run, and say which it skipped
	@.venv/bin/python $(PYTEST) $(PARALLEL) tests/chain tests/store tests/oracle tests/monitoring tests/ops tests/console tests/test_settings.py tests/test_documents.py tests/test_manual.py
	@PYTHONPATH=$(CURDIR) localnet/.venv/bin/python $(PYTEST) $(PARALLEL) -c localnet/pyproject.toml --rootdir=$(CURDIR) tests/localnet tests/programs
	@.venv/bin/python $(PYTEST) tests/clients
	@.venv/bin/python $(PYTEST) $(PARALLEL) tests/journeys tests/faults

lint: setup ## ruff, on everything
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: setup ## pyright, strict (installs it from npm by its lock)
	@.ci/types

contracts: setup ## which room may import which
	@PYTHONPATH=$(CURDIR)/localnet .venv/bin/lint-imports --no-logo

fuzz: setup ## the programs' state machines, for millions of steps
	@PYTHONPATH=$(CURDIR) OPINION_FUZZ_STEPS=1000000 localnet/.venv/bin/python $(PYTEST) -c localnet/pyproject.toml --rootdir=$(CURDIR) tests/programs/test_state_machine.py -k holds_every_invariant
	@PYTHONPATH=$(CURDIR) OPINION_FUZZ_RUNS=20000 localnet/.venv/bin/python $(PYTEST) -c localnet/pyproject.toml --rootdir=$(CURDIR) -s tests/programs/multisig tests/programs/multisig_v3 -k 'as_the_threshold and nothing_is_executed or too_few_approved and neither'

faults: setup ## a thousand seeded runs of the oracle with faults, resumed where they were left (FAULTS="--seed N")
	@.venv/bin/python -m tests.faults --runs 1000 --seed 4 --state .faults $(FAULTS)

soak: setup ## the oracle under load with random faults for a day, or HOURS=…
	@.venv/bin/python -m tests.faults --hours $(or $(HOURS),24) --state .faults/soak $(FAULTS)

bench: setup ## the measurements that the documents name, as ratios beside a peer
	@for file in benchmarks/*.py; do echo "== $$file"; module=$${file%.py}; .venv/bin/python -m $${module//\//.} || exit 1; done

programs: ## build the on-chain programs and their hashes (programs/install-toolchain.sh brings the tools)
	@programs/build.sh

snapshots: setup ## take the console's screens as they are now for what they have to be: look at the difference in git
	@.venv/bin/python $(PYTEST) tests/console/test_snapshots.py --snapshot-update

man: setup ## write the man page docs/man/opinion.1 from the commands
	@PYTHONPATH=$(CURDIR) .venv/bin/python docs/man/make.py

lock: ## make the lock files anew from the pyproject.toml files
	@.ci/lock

clean: ## remove the environments and what the tests left
	@rm -rf .venv localnet/.venv .ruff_cache .import_linter_cache .pytest_cache .hypothesis programs/target .setup.lock
