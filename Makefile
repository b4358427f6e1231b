# Everything a developer of mcpfence needs, from nothing but git, make, Python and (where helm is missing) Go.
# `make` alone lists the verbs. Whatever is made lies in .venv/, .venv-oldest/ and .tools/; stamps make the second run quick.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
# Each of a thousand processes of mcpfence would compile it, and each worker all tests, where whoever calls has set this.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
OLDEST_PYTHON ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
FUZZ_ARGS ?=

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
PYTEST = $(PY) -m pytest -n auto --dist loadgroup
# What `make test` needs, and what only `make test-all` builds: the real engines.  What waits for the network comes first
# and the largest builds next, so that no core waits for the last of them.
TOOLS = .tools/bin/helm3 .tools/bin/helm4 .tools/nca/.made
ENGINES = .tools/mcp/.made .tools/mermaid/.made .tools/pyodide/.made .tools/observe/.made .tools/browser .tools/packet-commands .tools/image/base.tar \
  $(patsubst %,.tools/bin/%,kube-apiserver kube-apiserver-1.37 argocd felix cilium cilium-1.19 etcd kustomize actionlint \
    krew registry kube-score yamljudge aws-network-policy-agent kube-network-policies)
# In this order: the reference of keys is made from the schema.
GENERATORS = tools/gen_version.py tools/gen_schema.py tools/gen_secrets.py tools/gen_docs.py
# A quiet make in make that takes our -j, or builds everything at once where none was given.
SUBMAKE = $(MAKE) --no-print-directory
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j4)

.PHONY: help
help: ## list these verbs
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-24s%s\n", $$1, $$2}'

.PHONY: demo
demo: .venv/.runtime ## render real servers through helm and the post-renderer, and show the result
	@$(PY) tools/find_helm.py >/dev/null || $(SUBMAKE) .tools/bin/helm4
	@$(PY) tools/demo.py

# Without the tools the tests that need them are skipped by name, or fail with MCPFENCE_REQUIRE_ALL=1: theirs to say.
.PHONY: test
test: ## set up what the tests need and run them (PYTEST_ARGS="-k word" narrows)
	@$(SUBMAKE) -k $(PARALLEL) .venv/.test $(TOOLS) || echo "note: not all tools could be made; the tests that need them say so" >&2
	@$(SUBMAKE) .venv/.test
	$(PYTEST) $(PYTEST_ARGS)

# Two workers more than there are cores: tests of the engines mostly wait, for packets and for servers.
.PHONY: test-all
test-all: ## the same with the real engines, which are built first (docs/testing.md); CI runs this
	@$(SUBMAKE) -k $(PARALLEL) .venv/.test $(ENGINES) $(TOOLS) || echo "note: not everything could be built; the tests that need it say so" >&2
	@$(SUBMAKE) .venv/.test
	$(PYTEST) -n $$($(PY) -c 'import os; print(os.cpu_count() + 2)') $(PYTEST_ARGS)

# Cilium's engine takes minutes, and no library that can be older has a part in it.
.PHONY: test-oldest
test-oldest: .venv-oldest/.made ## run the tests without engines with the oldest dependencies that pyproject.toml allows
	@$(SUBMAKE) -k $(PARALLEL) $(TOOLS) || echo "note: not all tools could be made; the tests that need them say so" >&2
	.venv-oldest/bin/python -m pytest -n auto --dist loadgroup -m "not lab" --ignore tests/engines/cilium \
	  --ignore tests/engines/awsagent $(PYTEST_ARGS)

.PHONY: lab
lab: .tools/bin/etcd .tools/bin/kube-apiserver ## start a real API server, leave it running and print its KUBECONFIG
	@$(PYTHON) tools/make_lab.py up

.PHONY: lab-down
lab-down: ## stop that API server and remove what it left
	@$(PYTHON) tools/make_lab.py down

.PHONY: fuzz
fuzz: .venv/.test tools ## look for new faults: every mutant, properties with a million examples, a million catalogs (hours)
	MCPFENCE_HYPOTHESIS=fuzz $(PYTEST) tests/properties/proof tests/properties/reach tests/properties/net $(PYTEST_ARGS)
	$(PY) tools/fuzz_catalogs.py $(FUZZ_ARGS)

.PHONY: check
check: .venv/.dev ## what a pull request must pass: ruff, mypy strict, drift checks, tests
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	@for generator in $(GENERATORS); do $(PY) $$generator --check || exit 1; done
	@$(SUBMAKE) test

.PHONY: format
format: .venv/.dev ## let ruff format the code and mend what it can
	$(PY) -m ruff format
	$(PY) -m ruff check --fix

.PHONY: golden
golden: .venv/.test $(TOOLS) ## rewrite generated files and goldens (then read the diff)
	@for generator in $(GENERATORS); do $(PY) $$generator || exit 1; done
	$(PYTEST) -m golden --update-golden $(PYTEST_ARGS)

# What was scaffolded is formatted, and the generated files follow.
.PHONY: new-provider
new-provider: .venv/.dev ## scaffold a provider with judge, tests, docs and example (NAME=acme; CONTRIBUTING.md has the rest)
	@$(PY) tools/new_provider.py "$(NAME)" $(if $(KIND),--kind "$(KIND)") $(if $(GROUP),--group "$(GROUP)") $(if $(COMPOSITION),--composition "$(COMPOSITION)")
	@$(PY) -m ruff format --quiet && $(PY) -m ruff check --quiet --fix
	@for generator in $(GENERATORS); do $(PY) $$generator || exit 1; done

.PHONY: bench
bench: .venv/.test $(TOOLS) ## measure speed and memory beside helm (BENCH_ARGS=--write keeps the tables in bench/README.md)
	$(PY) bench/run.py $(BENCH_ARGS)

.PHONY: tools
tools: $(TOOLS) $(ENGINES) ## build everything that tests run beside mcpfence: helm 3, helm 4, nca and the engines

# Its packages come from .venv, so that what is in the page is what is tested.
.PHONY: playground
playground: .venv/.runtime .tools/pyodide/.made ## make dist/playground/index.html: mcpfence in a browser, without a server (docs/playground.md)
	@$(PY) tools/build_playground.py .tools/pyodide dist/playground

# The image is built as root on Debian alone; elsewhere a note says so.
.PHONY: release-dry-run
release-dry-run: .venv/.test .tools/bin/helm3 .tools/bin/helm4 .tools/bin/krew .tools/bin/registry ## make every file of a release in dist/, install each in a fresh place, build the image
	+@[ "$$(id -u)" != 0 ] || $(SUBMAKE) .tools/image/base.tar || echo "note: the base of the image could not be made" >&2
	@rm -rf dist
	@$(PY) tools/release.py dry-run dist

.PHONY: clean
clean: ## remove everything that make made
	@[ ! -e .tools/lab ] || $(PYTHON) tools/make_lab.py down
	rm -rf .venv .venv-oldest .tools build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- programs in Go: pinned in tools/NAME/go.mod, built through the Go module proxy ---

.SECONDEXPANSION:
.tools/bin/%: tools/%/go.mod tools/%/go.sum $$(wildcard tools/$$*/build.sh tools/$$*/*.go) tools/build_go.sh
	@sh tools/build_go.sh $* $@

# The same program around an older engine.
.tools/bin/cilium-1.19: $(wildcard tools/cilium/*.go)

# Real MCP servers, and what fetches and runs them: wheels, npm packages, a client.
.tools/mcp/.made: tools/mcp/build.sh tools/mcp/requirements.txt tools/mcp/requirements-2026.txt tools/mcp/package.json tools/mcp/package-lock.json
	@$(CHECK_PYTHON)
	@echo "fetching real MCP servers" >&2
	@PYTHON="$(PYTHON)" sh tools/mcp/build.sh .tools/mcp

# What draws our pictures on code hosts.
.tools/mermaid/.made: tools/mermaid/build.sh tools/npm_files.sh
	@echo "fetching Mermaid" >&2
	@sh tools/mermaid/build.sh .tools/mermaid

# Python for browsers, of which the playground is made.
.tools/pyodide/.made: tools/pyodide/build.sh tools/npm_files.sh
	@echo "fetching Pyodide" >&2
	@sh tools/pyodide/build.sh .tools/pyodide

# What Felix programs the kernel through and what shows its connections, where root can install it; else the tests name
# what is missing.
.tools/packet-commands: Makefile
	@missing=; for name in ip iptables ip6tables ipset nft setpriv conntrack; do \
	  command -v $$name >/dev/null || missing="$$missing $$name"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "error:$$missing: not on PATH; install iproute2, iptables, ipset, nftables, util-linux and conntrack" >&2; exit 1; \
	  fi; \
	  echo "installing iproute2, iptables, ipset, nftables, util-linux and conntrack" >&2; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
	    iproute2 iptables ipset nftables util-linux conntrack >/dev/null; \
	fi
	@mkdir -p $(@D)
	@touch $@

# A browser for the pages that we make, and Graphviz for the picture; likewise.  apt-get holds a lock: behind the other.
.tools/browser: | .tools/packet-commands
	@missing=; for name in chromium chromedriver dot; do \
	  command -v $$name >/dev/null || missing="$$missing $$name"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "error:$$missing: not on PATH; install chromium, chromium-driver and graphviz" >&2; exit 1; \
	  fi; \
	  echo "installing chromium, chromium-driver and graphviz" >&2; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
	    chromium chromium-driver graphviz >/dev/null; \
	fi
	@mkdir -p $(@D)
	@touch $@

# What makes and tries a release, and what the image of Containerfile is built upon in tests: Debian's packages, and no
# image of anybody's.  Behind the others, since apt-get runs once at a time.
.tools/image/base.tar: | .tools/browser
	@if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "error: the base of the image is made by root on Debian or Ubuntu" >&2; exit 1; fi
	@echo "fetching Debian's packages for the base of the image" >&2
	@missing=; for name in buildah mmdebstrap gpg:gnupg ruby mandoc; do \
	  command -v $${name%:*} >/dev/null || missing="$$missing $${name#*:}"; done; \
	[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -qq --no-install-recommends $$missing >/dev/null; }
	@mkdir -p $(@D)
	@sources=/etc/apt/sources.list; \
	[ -s $$sources ] || sources=$$(. /etc/os-release; echo /etc/apt/sources.list.d/$$ID.sources); \
	mmdebstrap --quiet --variant=essential --include=python3,python3-venv --dpkgopt=force-unsafe-io \
	  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	  "$$(. /etc/os-release; echo $$VERSION_CODENAME)" $@ - < $$sources

# --- virtual environments: one stamp per step, each on top of the one before ---

define CHECK_PYTHON
command -v $(PYTHON) >/dev/null || { \
  echo "error: $(PYTHON) is not on PATH: install Python 3.11 or later, or say make PYTHON=/path/to/python3" >&2; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
  echo "error: mcpfence needs Python 3.11 or later: say make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
  echo "error: $(PYTHON) cannot make virtual environments: on Debian and Ubuntu install python3-venv" >&2; exit 1; }
endef

.venv/.made:
	@$(CHECK_PYTHON)
	@echo "making .venv" >&2
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.runtime: pyproject.toml .venv/.made
	@echo "installing mcpfence into .venv" >&2
	@$(PIP) install --editable .
	@touch $@

.venv/.test: pyproject.toml .venv/.runtime
	@echo "installing what the tests need into .venv" >&2
	@$(PIP) install --editable '.[test]'
	@touch $@

.venv/.dev: pyproject.toml .venv/.test
	@echo "installing what developers need into .venv" >&2
	@$(PIP) install --editable '.[dev]'
	@touch $@

.venv-oldest/.made: pyproject.toml tools/lower_bounds.py
	@$(CHECK_PYTHON)
	@oldest="$(OLDEST_PYTHON)"; oldest=$${oldest:-$$($(PYTHON) tools/lower_bounds.py --python)}; \
	command -v "$$oldest" >/dev/null || { \
	  echo "error: $$oldest is not on PATH: install it, or say make OLDEST_PYTHON=/path/to/$$oldest" >&2; exit 1; }; \
	echo "making .venv-oldest" >&2; \
	"$$oldest" -m venv --clear .venv-oldest
	@$(PYTHON) tools/lower_bounds.py > .venv-oldest/constraints.txt
	@.venv-oldest/bin/python -m pip --disable-pip-version-check --quiet install \
	  --constraint .venv-oldest/constraints.txt --editable '.[test]'
	@touch $@

# Spark wants Java 17 or later, which apt-get brings where root may; the engines come from PyPI.
.tools/observe/.made: tools/observe/requirements.txt | .tools/image/base.tar
	@$(CHECK_PYTHON)
	@if ! command -v java >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing Java for Spark" >&2; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
	    default-jre-headless >/dev/null; \
	fi
	@command -v java >/dev/null || { echo "error: java: not on PATH; install Java 17 or later" >&2; exit 1; }
	@echo "making .tools/observe" >&2
	@mkdir -p .tools
	@$(PYTHON) -m venv --clear .tools/observe
	@.tools/observe/bin/python -m pip --disable-pip-version-check --quiet install --requirement $<
	@touch $@
.tools/nca/.made: tools/nca/requirements.txt
	@$(CHECK_PYTHON)
	@echo "making .tools/nca" >&2
	@mkdir -p .tools
	@$(PYTHON) -m venv --clear .tools/nca
	@.tools/nca/bin/python -m pip --disable-pip-version-check --quiet install --requirement $<
	@touch $@
