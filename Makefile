# make demo   set up and run the embedded study
# make test   set up and run the tests
# make help   everything else

PYTHON ?= python3
CORES ?= all
DEVICE ?= h100-80gb
STUDY ?= config/config.yaml
BIN := .venv/bin
# Progress without the files of every job; those are in the dry run and in Snakemake's log.
CALM := --quiet host reason rules
# One thread per process unless a rule asks for more: the workflow runs cells side by side.
export TOKENIZERS_PARALLELISM := false

.DEFAULT_GOAL := help
.PHONY: help setup plan demo smoke test fuzz sglang-cpu lint format bench clean lock pin tables

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/.installed ## install the pinned packages into .venv

.venv/.installed: envs/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Paretoscope needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement envs/requirements.txt
	@touch $@

demo: setup ## train tiny models, run the embedded study, write its report
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml $(CALM)
	@$(BIN)/snakemake --cores 1 --configfile config/demo.yaml --report results/demo/report/report.html \
		>results/demo/logs/report.log 2>&1 || { cat results/demo/logs/report.log; exit 1; }
	@echo "Report: results/demo/report/report.html (the table above: results/demo/report/summary.txt)"

smoke: setup ## the same workflow on two untrained-to-the-end models, in under a minute
	$(BIN)/snakemake --cores $(CORES) --configfile config/smoke.yaml $(CALM)

plan: setup ## what a study would take: make plan STUDY=config/config.yaml DEVICE=h100-80gb
	@PYTHONPATH=scripts $(BIN)/python -m paretoscope.plan --configfile $(STUDY) --device $(DEVICE)

test: setup ## unit tests, then the real workflow on small grids
	$(BIN)/python -m pytest

fuzz: setup ## grade 100,000 adversarial answers; FUZZ_ANSWERS=n FUZZ_SEED=s for others
	FUZZ_ANSWERS=$${FUZZ_ANSWERS:-100000} $(BIN)/python -m pytest -s tests/unit/test_grading_fuzz.py

sglang-cpu: .venv-sglang/.installed ## install SGLang for a CPU into .venv-sglang, for tests alone (2.4 GB)

.venv-sglang/.installed: $(addprefix tests/sglang_cpu/,install.sh requirements.txt sglang_stand_ins.py)
	@PYTHON=$(PYTHON) tests/sglang_cpu/install.sh .venv-sglang
	@touch $@

lint: setup ## ruff, snakefmt and Snakemake's own linter
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: setup ## put code and rules into the house format
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

bench: setup ## time what the README claims
	for file in tests/benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

pin: setup ## write into the cards of STUDY=config/config.yaml the commits that their repositories are at now
	PYTHONPATH=scripts $(BIN)/python -m paretoscope.pin --study $(STUDY)

tables: setup ## write docs/tables.md from the tables that the library declares
	$(BIN)/python tests/tables_doc.py

clean: ## delete results, keep the packages
	rm -rf results/*/ .snakemake

lock: setup ## pin everything that requirements.in asks for
	rm -rf .cache/lock && $(PYTHON) -m venv .cache/lock
	.cache/lock/bin/python -m pip install --quiet --disable-pip-version-check --requirement envs/requirements.in
	{ sed -n 1p envs/requirements.txt; .cache/lock/bin/python -m pip freeze | sed 's/+cpu$$//'; } > .cache/requirements.txt
	mv .cache/requirements.txt envs/requirements.txt && rm -rf .cache/lock
