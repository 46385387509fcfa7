# Les commandes du projet ; « make » seul en donne la liste. L’intégration continue lance les mêmes.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON ?= python3

BIN := .venv/bin
# The demo needs what runs the portal; everything else needs the tools of developers too.
RUNTIME := .venv/.requirements
TOOLS := .venv/.requirements-dev
# The OpenID provider that the tests did not write: npm's own record of what it installed.
PROVIDER := tests/third_party/node_modules/.package-lock.json

# Each process has its own server, simulator and browser; one waits for its browser while another
# computes, hence a third on two cores. Whoever is done takes tests from the others.
PYTEST_ARGS ?= --numprocesses=3 --dist=worksteal

PORT ?= 8000
SIMULATOR_PORT ?= 8100
SIMULATOR_PLUS_PORT ?= 8101
MAILBOX_PORT ?= 8025
DEMO := $(BIN)/python -m espace_citoyens.demo \
	--port $(PORT) --simulator-port $(SIMULATOR_PORT) \
	--simulator-plus-port $(SIMULATOR_PLUS_PORT) --mailbox-port $(MAILBOX_PORT)

.PHONY: help
help: ## Affiche cette aide
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(RUNTIME) ## Démarre la démonstration : portail, simulateur de FranceConnect, courrier
	@exec $(DEMO)

.PHONY: demo-reset
demo-reset: $(RUNTIME) ## Efface les données de la démonstration, puis la redémarre
	@exec $(DEMO) --reset

# Twice, but for what learns nothing from a second database: journeys in a browser run on
# PostgreSQL, as towns do, and what uses no database runs beside SQLite (tests/conftest.py).
.PHONY: test
test: $(TOOLS) $(PROVIDER) ## Lance tous les tests, sur SQLite puis sur PostgreSQL
	@.ci/require chromium fonts nodejs postgresql
	$(BIN)/pytest $(PYTEST_ARGS) -m "not browser"
	.ci/with-postgresql $(BIN)/pytest $(PYTEST_ARGS)

# What decides who enters: every line and branch is run, and no change of them goes unseen.
DECIDING := tokens client state linking identity matching counter

.PHONY: coverage
coverage: $(TOOLS) $(PROVIDER) ## Montre les lignes et branches sans test dans le code qui décide qui entre
	$(BIN)/uv pip install --quiet --python $(BIN)/python "pytest-cov>=7,<8"
	$(BIN)/pytest $(PYTEST_ARGS) --cov-branch --cov-report=term-missing \
		$(DECIDING:%=--cov=franceconnect.%) --cov=franceconnect.data --cov=accounts.counter \
		tests/franceconnect tests/accounts/test_counter.py tests/third_party

.PHONY: mutants
mutants: $(TOOLS) ## Altère ce même code, et montre ce qu’aucun test ne voit (une demi-heure)
	$(BIN)/uv pip install --quiet --python $(BIN)/python "mutmut>=3.8,<4"
	$(BIN)/python .ci/mutants

.PHONY: bench-timing
bench-timing: $(TOOLS) ## Mesure si une adresse connue se devine au temps de réponse
	$(BIN)/python -m benchmarks.timing $(BENCH_ARGS)

.PHONY: lint
lint: $(TOOLS) ## Vérifie le style, les migrations et les réglages de production
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/djlint --lint --quiet templates franceconnect/simulator/templates
	$(BIN)/hadolint Dockerfile
	.ci/with-production-settings $(BIN)/python manage.py makemigrations --check --dry-run
	.ci/with-production-settings $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: format
format: $(TOOLS) ## Remet le code Python en forme
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: requirements
requirements: $(TOOLS) ## Recompile les dépendances (UPGRADE=--upgrade pour les renouveler)
	$(BIN)/uv pip compile pyproject.toml --quiet $(UPGRADE) \
		--universal --generate-hashes --no-header --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --quiet $(UPGRADE) --group dev \
		--universal --generate-hashes --no-header --output-file requirements-dev.txt

.PHONY: clean
clean: ## Efface tout ce que make a construit, sauf les données de la démonstration
	rm -rf .venv .artifacts .ruff_cache staticfiles tests/third_party/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt
	@.ci/install-python .venv requirements.txt
	@touch $@

# The tools' file holds the runtime's too.
$(TOOLS): requirements-dev.txt requirements.txt
	@.ci/install-python .venv requirements-dev.txt
	@touch $(RUNTIME) $@

$(PROVIDER): tests/third_party/package-lock.json tests/third_party/package.json
	@.ci/install-node tests/third_party
	@touch $@
