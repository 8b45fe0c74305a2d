# The verbs of the warehouse. Each sets up what it needs: .venv holds what requirements.lock names, and for tests
# and lint what requirements-dev.lock adds.
PYTHON ?= python3
PORT ?= 3000
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)

# Run as a module, the command is that of this work tree, wherever the environment comes from.
WAREHOUSE := $(RUN) -m assets.cli$(if $(DEMO), --demo)

# Queries and identifiers reach Python as typed: make would read a `$` in them as its own.
unexport Q ID CIKS FILE DEAL A B OUT TO FROM

# What a shell says to Python for other projects.
unexport PYTHONHOME PYTHONPATH PYTHONOPTIMIZE PYTHONSAFEPATH PYTHONWARNINGS PYTHONSTARTUP PYTHONINSPECT PYTHONIOENCODING

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

refresh: env ## read the sources, build and check every table, publish the snapshot if anything changed (WHOLE=1: build anyway)
	@$(WAREHOUSE) refresh $(WHOLE:%=--whole) $${ACCEPT_FEWER:+--accept-fewer "$$ACCEPT_FEWER"}

daily: env ## load the files in the inbox, build the days they touch, publish (FROM=2025-03-01 TO=2025-03-31: these again; WHOLE=1: build anyway)
	@$(WAREHOUSE) daily $(WHOLE:%=--whole) $${ACCEPT_FEWER:+--accept-fewer "$$ACCEPT_FEWER"} $(FROM) $(TO)

inbox: env ## list the files in the inbox that are not loaded yet
	@$(WAREHOUSE) inbox list

inbox-check replay: export WAREHOUSE_FILE = $(value FILE)
inbox-check: env ## show what a file would load, loading nothing (FILE=path SET=platform=jd DRAFT=name: save a first profile)
	@$(WAREHOUSE) inbox check $(DRAFT:%=--draft %) $(SET:%=--set %) -- "$$WAREHOUSE_FILE"

replay: env ## read refused and partly loaded files of the inbox again after a fix, or one (FILE=name); then make daily
	@$(WAREHOUSE) inbox replay -- $${WAREHOUSE_FILE:+"$$WAREHOUSE_FILE"}

demo: env ## simulated data with known truth in data/demo; look at it with DEMO=1: make dev DEMO=1
	@$(WAREHOUSE) demo
	@$(MAKE) --no-print-directory refresh DEMO=1
	@$(MAKE) --no-print-directory daily DEMO=1

test: env-dev ## run the tests, two files at a time
	@$(RUN) -m pytest -n 2 --dist loadfile

test-fast: env-dev ## what to run every minute: structure, units, and the models that changed since the last commit
	@$(RUN) -m pytest -n 2 --dist loadfile --fast

lint: env-dev ## ruff, its formatter, mypy and sqlfluff
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m sqlfluff lint -q sql

dev: env ## open the Dagster UI on 127.0.0.1 (PORT=3000)
	@$(WAREHOUSE) dev --port $(PORT)

sql: export WAREHOUSE_QUERY = $(value Q)
sql: export WAREHOUSE_OUT = $(value OUT)
sql: env ## a DuckDB shell on the snapshot, read-only; one query with Q="select ...", AS=csv or json, OUT=rows.csv or .parquet
	@$(WAREHOUSE) sql $${WAREHOUSE_OUT:+--out "$$WAREHOUSE_OUT"} $(if $(filter-out default,$(origin AS)),$(AS:%=--%)) $(REPLACE:%=--replace) -- "$$WAREHOUSE_QUERY"

export: export WAREHOUSE_TO = $(value TO)
export: env ## the marts as Parquet, CSV and one XLSX workbook with a manifest: TO=folder, REPLACE=1 in the place of an earlier one
	@$(WAREHOUSE) export files $(REPLACE:%=--replace) -- "$$WAREHOUSE_TO"

contracts: export WAREHOUSE_TO = $(value TO)
contracts: env ## a contract (ODCS) for each published table and kind of delivery: TO=folder, by default contracts/ of the home
	@$(WAREHOUSE) contract export $(REPLACE:%=--replace) -- $${WAREHOUSE_TO:+"$$WAREHOUSE_TO"}

contract-accept: export WAREHOUSE_FILE = $(value FILE)
contract-accept: env ## take a delivery contract of others (ODCS) into the home, or say what of it has no meaning here (FILE= AS=name)
	@$(WAREHOUSE) contract accept $(if $(filter-out default,$(origin AS)),$(AS:%=--as %)) $(REPLACE:%=--replace) -- "$$WAREHOUSE_FILE"

contracts-compare: export WAREHOUSE_A = $(value A)
contracts-compare: export WAREHOUSE_B = $(value B)
contracts-compare: env ## what changed from the contracts in a folder (A=contracts) to those in another (B=) or to the snapshot, and what breaks
	@$(WAREHOUSE) contract compare -- "$$WAREHOUSE_A" $${WAREHOUSE_B:+"$$WAREHOUSE_B"}

export-lake: export WAREHOUSE_TO = $(value TO)
export-lake: env ## each kept snapshot as a version of a lake: Parquet files and a DuckLake catalogue (TO=folder)
	@$(WAREHOUSE) export lake -- "$$WAREHOUSE_TO"

export-semantic: export WAREHOUSE_TO = $(value TO)
export-semantic: env ## the semantic model of the marts in the open interchange format, as YAML: TO=file, REPLACE=1 in its place
	@$(WAREHOUSE) export semantic $(REPLACE:%=--replace) -- "$$WAREHOUSE_TO"

explain: export WAREHOUSE_ID = $(value ID)
explain: env ## where a number comes from: ID=pdd/whole/cac_net_12m/2019-12-31, or an observation
	@$(WAREHOUSE) explain -- "$$WAREHOUSE_ID"

propose: export WAREHOUSE_FILE = $(value FILE)
propose: env ## the figures of a release or filing on disk, as a draft to accept or refuse: FILE=results.html
	@$(WAREHOUSE) figures propose -- "$$WAREHOUSE_FILE"

effect: export WAREHOUSE_DEAL = $(value DEAL)
effect: env ## what a deal did to its partners' figures, or why nobody can tell: DEAL=kuaishou-jd-2020-direct-supply
	@$(WAREHOUSE) effect -- "$$WAREHOUSE_DEAL"

page: env ## answers, charts and tables of the snapshot for people, in $WAREHOUSE_HOME/serving/page/index.html
	@$(WAREHOUSE) page

edgar-bulk: export WAREHOUSE_FILE = $(value FILE)
edgar-bulk: env ## load companyfacts.zip or a quarter of the SEC's data sets from disk (FILE=, CIK="1 2": only these)
	@$(WAREHOUSE) edgar bulk $(CIK:%=--cik %) -- "$$WAREHOUSE_FILE"

snapshots: env ## list the published snapshots that are kept
	@$(WAREHOUSE) snapshots list

diff: export WAREHOUSE_A = $(value A)
diff: export WAREHOUSE_B = $(value B)
diff: env ## what changed between two snapshots, kept ones (A=3 B=4) or files, by default the last two kept; as known on DAY=
	@$(WAREHOUSE) diff $(DAY:%=--as-of %) -- $${WAREHOUSE_A:+"$$WAREHOUSE_A"} $${WAREHOUSE_B:+"$$WAREHOUSE_B"}

digest: env ## what the snapshot changed, in Markdown: filings, restatements, verdicts, costs, and why; a kept one: OF=3
	@$(WAREHOUSE) digest $(OF)

rollback: env ## serve the snapshot before the current one again, or a named one (TO=3), until `make unpin`
	@$(WAREHOUSE) snapshots rollback $(TO)

unpin: env ## let refreshes publish again after a rollback
	@$(WAREHOUSE) snapshots unpin

backup: export WAREHOUSE_FOLDER = $(value TO)
backup: env ## store the home in a folder or s3://bucket/prefix while refreshes run, and read it back (TO=... KEY=file for the key)
	@$(WAREHOUSE) backup $(KEY:%=--key-to %) $(KEEP:%=--keep %) -- "$$WAREHOUSE_FOLDER"

doctor: env ## what is wrong with the warehouse and what to do, on one page: disk, locks, snapshot, sources, checks, backup
	@$(WAREHOUSE) doctor

restore: export WAREHOUSE_FOLDER = $(value FROM)
restore: env ## bring a home back from a backup into an empty folder (FROM=... KEY=file AT=20261130T17)
	@$(WAREHOUSE) restore $(KEY:%=--key %) $(AT:%=--at %) -- "$$WAREHOUSE_FOLDER"

erase-buyer: export WAREHOUSE_ID = $(value ID)
erase-buyer: env ## erase a buyer by the identifier in delivered files, for good; orders stay, without a buyer (ID=...)
	@printf '%s\n' "$$WAREHOUSE_ID" | $(WAREHOUSE) erase-buyer -

dictionary: env ## rewrite what is made from SQL files and settings: docs/dictionary.md, tables in other pages, .env.example
	@$(WAREHOUSE) docs dictionary

docs: env ## what Great Expectations found, as pages in $WAREHOUSE_HOME/data_docs; no network needed
	@$(WAREHOUSE) docs checks

edgar-backfill: export WAREHOUSE_CIKS = $(value CIKS)
edgar-backfill: env ## load the SEC filings of a list of issuers, one CIK per line (CIKS=file); continues where it stopped
	@$(WAREHOUSE) edgar backfill -- "$$WAREHOUSE_CIKS"

xbrl-env: env ## what `warehouse figures propose` needs for inline XBRL and xBRL-CSV (Arelle)
	@$(LOCKED) -r requirements-xbrl.lock && $(CHECK)

spark-env: env ## the client of Spark Connect (the extra spark), for WAREHOUSE_ENGINE=sc://host:15002; needs no Java
	@$(LOCKED) -r requirements-spark.lock && $(CHECK)

cluster-env: spark-env ## Spark itself for a cluster on this machine, 400 MB, in .venv-cluster; needs Java 17
	@[ -x .venv-cluster/bin/python ] || $(PYTHON) -m venv .venv-cluster
	@.venv-cluster/bin/python -m pip -qq --disable-pip-version-check install --require-hashes --no-deps -r requirements-cluster.lock

cluster: cluster-env ## a Spark cluster on this machine for trying: a master, two workers of one core, a Connect server
	@$(RUN) -m etl.spark.cluster

test-cluster: env-dev cluster-env ## every portable model and every allowed function on DuckDB and on such a cluster, compared exactly
	@$(RUN) -m etl.spark.cluster $(RUN) -m pytest tests/spark

mcp-env: env ## what `warehouse mcp` needs: the SDK of the Model Context Protocol
	@$(LOCKED) -r requirements-mcp.lock && $(CHECK)

mcp: mcp-env ## answer assistants on 127.0.0.1 with a token (PORT=8790); on stdin and stdout: .venv/bin/warehouse mcp
	@$(WAREHOUSE) mcp --http $(if $(filter-out file,$(origin PORT)),$(PORT),8790)

compare-env: env ## further libraries that cross-checks and benchmarks compare with, beside the lock
	@$(PIP) install edgartools "dlt[duckdb]" "diff-diff==3.13.*" "pysyncon==1.7.*"

check-lake: export WAREHOUSE_TO = $(value TO)
check-lake: env cluster-env ## a lake as DuckDB, DuckLake, Polars, PyArrow and Spark read it, compared (TO=folder)
	@[ -x .venv-lake/bin/python ] || $(PYTHON) -m venv .venv-lake
	@.venv-lake/bin/python -m pip -qq --disable-pip-version-check install --no-deps \
		duckdb==1.5.5 duckdb-extension-ducklake==1.5.5 polars==2.1.0 polars-runtime-32==2.1.0 pyarrow==26.0.1
	@$(RUN) -m benchmarks.lake "$$WAREHOUSE_TO"

bench-inbox: env ## the inbox against DuckDB's bare reader, pandas and dlt (ROWS=10_000_000)
	@$(RUN) -m benchmarks.inbox --rows $(or $(ROWS),1_000_000)

bench-profiles: env ## files of exporters against the same rows in the contract's own form (ROWS=10_000_000)
	@$(RUN) -m benchmarks.profiles --rows $(or $(ROWS),10_000_000)

bench-attribution: env-dev ## a made shop's orders to marts by channel, with twelve rules and with none (ORDERS=10_000_000)
	@$(RUN) -m benchmarks.attribution --orders $(or $(ORDERS),10_000_000)

bench-effect: env-dev ## made worlds without and with an effect, other libraries' estimates, speed (PART=placebos, coverage, oracle or speed)
	@$(RUN) -m benchmarks.effect $(PART)

bench-daily: env ## what one more day costs after a short and after a long history
	@$(RUN) -m benchmarks.daily

bench-spark: env-dev cluster-env ## the volume path over made orders on DuckDB and on a Spark cluster on this machine: time, memory, equality (EVENTS=10_000_000)
	@$(RUN) -m benchmarks.spark $(or $(EVENTS),1_000_000)

bench-partnership: env ## daily metrics to all partnership marts (ROWS=100_000_000)
	@$(RUN) -m benchmarks.partnership $(ROWS)

bench-kills: env ## kill the whole path, from file to published snapshot, and compare what is left (KILLS=500)
	@$(RUN) -m benchmarks.kills $(KILLS)

bench-backups: env-dev ## back up a home while a process writes it, restore each backup, compare the next run (ROUNDS=50 COMMANDS=3)
	@$(RUN) -m benchmarks.backups $(or $(ROUNDS),50) $(or $(COMMANDS),3)

bench-power-cuts: env-dev ## record every write of the whole path with strace, replay power cuts, let the next run heal them (STATES=1000)
	@$(RUN) -m benchmarks.power_cuts $(STATES)

bench-generated: env-dev ## thousands of delivered files made by chance, held against what they say (FILES=4000)
	@$(RUN) -m benchmarks.generated $(FILES)

check-public: env ## public data sets by profiles against numbers worked out apart (ORDERS=file.csv ADS=file.csv REPORTS=folder)
	@$(RUN) -m benchmarks.public_sets check "$(ORDERS)" "$(ADS)" "$(REPORTS)"

bench: env ## time and memory of a refresh of the embedded data
	@$(RUN) -m benchmarks.embedded

bench-platforms: env ## a refresh of thousands of platforms with made figures: seconds and peak memory (PLATFORMS=2000)
	@$(RUN) -m benchmarks.platforms --platforms $(or $(PLATFORMS),2000)

bench-upgrades: env ## homes of earlier commits, opened by this one and killed meanwhile: no row lost (KILLS=50 of each home)
	@$(RUN) -m benchmarks.upgrades --kills $(or $(KILLS),50)

bench-against: env ## this commit against an older one, in turn: refresh, one figure, daily, readings, dev, page (REV=8ed5de8 PAIRS=5)
	@$(RUN) -m benchmarks.against $(or $(REV),8ed5de8) --pairs $(or $(PAIRS),5)

bench-dbt: env ## a refresh against dbt-duckdb and bare DuckDB with the same models and tests; dbt in .venv-dbt (PAIRS=5)
	@[ -x .venv-dbt/bin/python ] || $(PYTHON) -m venv .venv-dbt
	@.venv-dbt/bin/python -m pip -qq --disable-pip-version-check install --require-hashes --no-deps -r requirements-dbt.lock
	@$(RUN) -m benchmarks.dbt .venv-dbt --pairs $(or $(PAIRS),5)

lock: ## rewrite the seven requirements*.lock from pyproject.toml, with uv in a folder of its own
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && \
	$(PYTHON) -m venv "$$tmp" && "$$tmp/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
	compile="$$tmp/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header" && \
	$$compile --group install pyproject.toml -o requirements.lock && \
	locked=$$(sed -n '/sys_platform/!s/^\([^ =]*\)==.*/--no-emit-package \1/p' requirements.lock) && \
	$$compile --group pyproject.toml:dev --constraint requirements.lock $$locked -o requirements-dev.lock && \
	$$compile --extra xbrl --constraint requirements.lock pyproject.toml $$locked -o requirements-xbrl.lock && \
	$$compile --extra spark --constraint requirements.lock --constraint requirements-dev.lock pyproject.toml $$locked \
		-o requirements-spark.lock && \
	$$compile --group pyproject.toml:cluster -o requirements-cluster.lock && \
	$$compile --group pyproject.toml:dbt --constraint requirements.lock -o requirements-dbt.lock && \
	$$compile --extra mcp --constraint requirements.lock pyproject.toml $$locked -o requirements-mcp.lock

clean: ## remove the environment and caches; the warehouse stays
	@rm -rf $(VENV) .venv-cluster .venv-dbt .venv-lake .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find assets benchmarks etl tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are copies of the locks, written last: an interrupted or outdated environment is built again. A linked
# .venv is that of another work tree, which keeps it current.
# --no-deps: the locks are complete, and pip's resolver does not know gql[requests] by its hash.
LOCKED := $(PIP) install --require-hashes --no-deps
CHECK := { found=$$($(RUN) -m pip check) || { echo "$$found" >&2; exit 1; }; }

env:
	@[ -L $(VENV) ] || { [ -x $(RUN) ] && cmp -s requirements.lock $(VENV)/requirements.lock && \
		{ [ ! -e $(VENV)/requirements-dev.lock ] || cmp -s requirements-dev.lock $(VENV)/requirements-dev.lock; }; } || { \
		for python in $(PYTHON) python3.13 python3.12 python3.11; do \
			"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
			python=; \
		done; \
		if [ -z "$$python" ]; then \
			echo "Python 3.11 or newer with its venv module is needed, and neither $(PYTHON) nor python3.11 to" \
				"python3.13 is one. Name it: make PYTHON=/path/to/python3.12 ..." >&2; \
			exit 1; \
		fi; \
		echo "setting up $(VENV) from requirements.lock (a minute or two, once)" >&2; \
		"$$python" -m venv --clear $(VENV) && $(LOCKED) -r requirements.lock && \
		$(PIP) install --no-index --no-deps --no-build-isolation -e . && $(CHECK) && \
		cp requirements.lock $(VENV)/requirements.lock; \
	}

env-dev: env
	@[ -L $(VENV) ] || cmp -s requirements-dev.lock $(VENV)/requirements-dev.lock || { \
		echo "adding what requirements-dev.lock names (half a minute, once)" >&2; \
		$(LOCKED) -r requirements-dev.lock && $(CHECK) && cp requirements-dev.lock $(VENV)/requirements-dev.lock; \
	}
