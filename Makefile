.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?=
EXTRAS := test lint evidently
DOCS := --group docs --extra notebooks --extra alerts --extra history --extra sql --constraint requirements.lock
PINS := --universal --python-version 3.11 --upgrade --generate-hashes

# Paths of the user's reach the recipes through the environment, so that no make and no shell
# ever reads a space, a quote or a dollar sign in them as its own.
GIVEN := PYTHON REFERENCE CURRENT TIMESTAMP TIME_FORMAT EXCLUDE UNIT SEASON PARAMS OUTPUT
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(GIVEN)

# Errors only, for pip's warnings are about itself; most of what it would compile is never imported.
INSTALL := -m pip install --quiet --quiet --no-compile
PYTEST := -m pytest -n auto --maxprocesses 4 --dist loadgroup
# As many workers as cores, threads of one counted: servers and browsers have processes of their own.
test test-newest test-lowest test-scale: \
	export PYTEST_XDIST_AUTO_NUM_WORKERS := $(shell getconf _NPROCESSORS_ONLN)
# Test workers that each start a thread per core starve one another.
test test-newest test-lowest test-scale test-postgres: export OMP_NUM_THREADS := 1

.PHONY: help report test test-newest test-lowest test-scale test-postgres lab demo app docs lint bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile
	@echo
	@echo 'make report REFERENCE=a.parquet CURRENT=b.csv TIMESTAMP=column PARAMS=my.yml OUTPUT=reports/x'
	@echo '            TIME_FORMAT=dayfirst EXCLUDE=id,shop UNIT=1D SEASON=month TITLE=churn'
	@echo '            (each is optional; EVIDENTLY=1 adds its report, AUDIT=1 an audit, ADVICE=1 what to do, FAIL_ON_ALERT=1 makes alerts an error)'
	@echo 'make ... PYTHON=/path/to/python3.12  picks the Python that an environment is made with'

report: .venv/.ready ## render the notebooks to HTML pages and data files, in reports/
	@.venv/bin/python -m driftlib report \
		$(if $(REFERENCE),--reference "$$REFERENCE") \
		$(if $(CURRENT),--current "$$CURRENT") \
		$(if $(TIMESTAMP),--timestamp "$$TIMESTAMP") \
		$(if $(TIME_FORMAT),--time-format "$$TIME_FORMAT") \
		$(if $(EXCLUDE),--exclude "$$EXCLUDE") \
		$(if $(TITLE),--title "$$TITLE") \
		$(if $(UNIT),--unit "$$UNIT") \
		$(if $(SEASON),--season "$$SEASON") \
		$(if $(PARAMS),--params "$$PARAMS") \
		$(if $(OUTPUT),--output "$$OUTPUT") \
		$(if $(filter-out 0 no false,$(EVIDENTLY)),--evidently) \
		$(if $(filter-out 0 no false,$(AUDIT)),--audit) \
		$(if $(filter-out 0 no false,$(ADVICE)),--advice) \
		$(if $(filter-out 0 no false,$(FAIL_ON_ALERT)),--fail-on-alert)

test: .venv/.ready ## check the code with ruff and run the tests
	@.venv/bin/python -m ruff check --quiet; lint=$$?; .venv/bin/python $(PYTEST) && exit $$lint

test-newest: .venv-newest/.created ## run the tests on the newest pandas and plotly, without Evidently
	@echo 'Installing the newest releases ...'
	@.venv-newest/bin/python $(INSTALL) --upgrade --upgrade-strategy eager --editable '.[test]'
	@.venv-newest/bin/python $(PYTEST) -W default

test-lowest: .venv-lowest/.ready ## run the tests on the oldest releases that pyproject.toml allows
	@.venv-lowest/bin/python $(PYTEST) -W default

test-scale: .venv-scale/.ready ## run the tests that need Dask and Spark
	@.venv-scale/bin/python -m pytest -m scale

test-postgres: .venv/.ready ## run the tests of databases on a Postgres server of their own
	@.venv/bin/python -m tests.postgres .venv/bin/python -m pytest tests/test_history.py tests/test_sql.py

lab: .venv/.ready ## open the notebooks in JupyterLab
	@.venv/bin/python -m jupyterlab notebooks --LabApp.news_url=None \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
		$$([ "$$(id -u)" != 0 ] || echo --allow-root)

demo: .venv/.ready ## drift on synthetic data, from the command line, in artifacts/
	@.venv/bin/python app.py --output artifacts

app: .venv/.ready ## open the Streamlit page
	@.venv/bin/python -m streamlit run streamlit_app.py

docs: .venv-docs/.ready ## build the documentation and check it: open docs/_build/html/index.html
	@rm -rf docs/_build docs/reference/generated
	@.venv-docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky \
		-b html -d docs/_build/doctrees docs docs/_build/html
	@.venv-docs/bin/python -m pytest --noconftest -m docs tests/test_docs.py

lint: .venv/.ready ## check style, types, docstrings and the order of imports
	@.venv/bin/python -m ruff check
	@.venv/bin/python -m ruff format --check
	@.venv/bin/python -m mypy
	@.venv/bin/python -m pytest -q tests/test_structure.py

bench: .venv/.ready ## measure speed and error rates, and print them
	@.venv/bin/python -m bench

lock: .venv-lock/.ready ## pin the newest releases that fit together, with hashes, in all lock files
	@echo 'Resolving requirements.lock, requirements-scale.lock and requirements-docs.lock ...'
	$(COMPILE) $(PINS) $(EXTRAS:%=--extra %) --output-file requirements.lock
	$(COMPILE) $(PINS) $(EXTRAS:%=--extra %) --extra scale --output-file requirements-scale.lock
	$(COMPILE) $(PINS) $(DOCS) --output-file requirements-docs.lock

clean: ## remove environments, caches, artifacts/ and everything rendered into reports/
	@rm -rf .venv .venv-newest .venv-lowest .venv-scale .venv-docs .venv-lock artifacts build dist
	@rm -rf docs/_build docs/reference/generated
	@rm -rf .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	@find reports -mindepth 1 ! -name .gitignore -delete
	@find . -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# Environments. Each stamp is written last, so that a failed installation is done again.

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
LATEST := 14

# Makes the target's folder an empty environment, of the first Python that will do.
define create
@found=; bare=; seen=; \
for python in $(if $(PYTHON),"$$PYTHON",$(PYTHONS)); do \
	version=$$("$$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue; \
	seen="$$seen, $$python is $$version"; \
	minor=$${version#3.}; minor=$${minor%%.*}; \
	case $$version in 3.*) ;; *) continue ;; esac; \
	if [ "$$minor" -lt 11 ] || [ "$$minor" -gt $(LATEST) ]; then continue; fi; \
	if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then found=$$python; break; fi; \
	bare="$$python (Python $$version)"; \
done; \
if [ -n "$$found" ]; then \
	echo "Making $(@D) with Python $$version ..."; \
	"$$found" -m venv --clear $(@D); \
elif [ -n "$$bare" ]; then \
	echo "$$bare has no venv module: install it (on Debian and Ubuntu, apt install python3-venv), or name another Python with PYTHON=/path/to/python." >&2; \
	exit 1; \
else \
	seen=$${seen#, }; \
	echo "Python 3.11 to 3.$(LATEST) is needed, but $${seen:-none was found}: install one, or name it with PYTHON=/path/to/python." >&2; \
	exit 1; \
fi
endef

EDITABLE = @$(@D)/bin/python $(INSTALL) --no-deps --no-build-isolation --editable .
COMPILE = @.venv-lock/bin/python -m uv --quiet pip compile pyproject.toml --group build \
	--no-emit-index-url --no-header --annotation-style line

.venv/.locked: requirements.lock
.venv-scale/.locked: requirements-scale.lock
.venv-docs/.locked: requirements-docs.lock
.venv/.locked .venv-scale/.locked .venv-docs/.locked:
	$(create)
	@echo 'Installing $<, a matter of minutes the first time ...'
	@$(@D)/bin/python $(INSTALL) --no-deps --require-hashes --requirement $<
	@touch $@

.venv/.ready .venv-scale/.ready .venv-docs/.ready: %/.ready: %/.locked pyproject.toml
	$(EDITABLE)
	@pwd -P > $@

# After a move of the folder, the editable installation points to where it was.
ifneq ($(wildcard .venv/.ready),)
ifneq ($(shell cat .venv/.ready),$(CURDIR))
.PHONY: .venv/.ready
endif
endif

.venv-newest/.created:
	$(create)
	@touch $@

# The oldest releases have wheels for the oldest Pythons only.
.venv-lowest/.ready: PYTHONS := python3.11 python3.12 python3
.venv-lowest/.ready: LATEST := 12
.venv-lowest/.ready: pyproject.toml | .venv-lock/.ready
	$(create)
	@echo 'Installing the oldest releases ...'
	$(COMPILE) --resolution lowest-direct --python .venv-lowest/bin/python $(EXTRAS:%=--extra %) \
		--output-file .venv-lowest/requirements.txt
	@.venv-lowest/bin/python $(INSTALL) --no-deps --requirement .venv-lowest/requirements.txt
	$(EDITABLE)
	@touch $@

.venv-lock/.ready:
	$(create)
	@.venv-lock/bin/python $(INSTALL) uv
	@touch $@
