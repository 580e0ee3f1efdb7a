# `make run` and `make test` are all one needs; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

DEBUG := $(or $(CARGO_TARGET_DIR),target)/debug
GENERATED := web/src/app/protocol/protocol.ts docs/openapi.json docs/asyncapi.json docs/settings.toml

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: run
run: build ## Build everything and serve on http://localhost:5000
	./target/release/aldis serve

.PHONY: build
build: web/dist/index.html ## Build the binary with the web client in it
	@scripts/need cargo
	cargo build --release --locked --package aldis

# The client is built anew when one of its files is newer than the page that was built last.
WEB := $(shell find web -type d \( -name node_modules -o -name dist -o -name .angular \) -prune -o -type f -print 2>/dev/null)

web/node_modules/.package-lock.json: web/package-lock.json
	@scripts/need node npm
	cd web && npm ci
	@touch $@

web/dist/index.html: $(WEB) web/node_modules/.package-lock.json
	cd web && npm run build
	@touch $@

e2e/node_modules/.package-lock.json: e2e/package-lock.json
	@scripts/need node npm
	cd e2e && npm ci
	@touch $@

e2e/.venv/ready: e2e/requirements.txt
	@scripts/need python3 venv
	python3 -m venv e2e/.venv
	e2e/.venv/bin/pip install --quiet --disable-pip-version-check --requirement e2e/requirements.txt
	@touch $@

.PHONY: test
test: format lint fresh unit e2e ## Run every test, installing what they need

.PHONY: format
format: ## Check the formatting
	@scripts/need cargo
	cargo fmt --all --check

.PHONY: lint
lint: web/node_modules/.package-lock.json e2e/node_modules/.package-lock.json ## Check the code without running it
	@mkdir -p web/dist
	cargo clippy --workspace --all-targets --all-features --locked -- --deny warnings
	cd web && npm run lint
	cd e2e && npm run check

.PHONY: generate
generate: ## Write the generated files anew
	@mkdir -p target
	@# What the tests are built of, too, so that nothing is built twice.
	cargo build --quiet --locked --workspace --all-features --bin aldis --example typescript
	$(DEBUG)/examples/typescript > target/protocol.ts
	$(DEBUG)/aldis openapi > target/openapi.json
	$(DEBUG)/aldis asyncapi > target/asyncapi.json
	@# Whole or not at all: others may be reading them.
	mv target/protocol.ts web/src/app/protocol/protocol.ts
	mv target/openapi.json docs/openapi.json
	mv target/asyncapi.json docs/asyncapi.json
	cp crates/server/src/config/default.toml docs/settings.toml

.PHONY: fresh
fresh: generate ## Check that the generated files are as the code generates them
	@scripts/need git
	@git ls-files --error-unmatch -- $(GENERATED) >/dev/null || { echo 'Only in a clone of the repository can git tell whether the generated files are fresh.' >&2; exit 1; }
	@git diff --exit-code --stat -- $(GENERATED) || { echo 'Generated files are stale: commit what `make generate` wrote.' >&2; exit 1; }

.PHONY: unit
unit: web/node_modules/.package-lock.json ## Run the tests of the crates and of the web client
	cargo test --workspace --all-features --locked
	cd web && npm test

PROXIES := nginx caddy haproxy apache2 openssl

.PHONY: e2e
e2e: build e2e/node_modules/.package-lock.json e2e/.venv/ready ## Run the end-to-end tests, with clients and in browsers
	@scripts/need chromium firefox webkit curl jq $(PROXIES)
	cargo build --locked --workspace --all-features --example conformance_server
	cd e2e && npm test

.PHONY: proxies
proxies: build e2e/node_modules/.package-lock.json ## Run the end-to-end tests behind the proxies of deploy/ only
	@scripts/need chromium $(PROXIES)
	cd e2e && npm test -- --project=proxies

e2e/clients/java/target/classes/Client.class: e2e/clients/java/pom.xml $(wildcard e2e/clients/java/src/main/java/*)
	@scripts/need mvn
	cd e2e/clients/java && mvn --quiet --batch-mode package
	@touch $@

e2e/clients/go/target/client: $(wildcard e2e/clients/go/*.*)
	@scripts/need go
	cd e2e/clients/go && go build -o target/client .
	@touch $@

e2e/clients/rust/target/debug/client: $(wildcard e2e/clients/rust/Cargo.* e2e/clients/rust/src/*)
	cargo build --locked --manifest-path e2e/clients/rust/Cargo.toml --target-dir e2e/clients/rust/target
	@touch $@

LIBRARIES := java/target/classes/Client.class go/target/client rust/target/debug/client

.PHONY: clients
clients: build e2e/node_modules/.package-lock.json e2e/.venv/ready $(addprefix e2e/clients/,$(LIBRARIES)) ## Try client libraries of other languages, more than make test does
	cd e2e && CLIENTS=all npm test -- --project=clients

bench/node_modules/.package-lock.json: bench/package-lock.json
	@scripts/need node npm
	cd bench && npm ci
	@touch $@

.PHONY: bench
bench: build bench/node_modules/.package-lock.json ## Measure against other servers, for half an hour (QUICK=1, ONLY=p1,p4; bench/README.md)
	cargo build --release --locked --manifest-path bench/peers/Cargo.toml --target-dir bench/peers/target
	cd bench && npm run --silent bench -- $(if $(ONLY),--only $(ONLY))

.PHONY: bench-micro
bench-micro: ## Time the codec, broadcasts, messages and the log (LONG=1: also with five million messages stored)
	@scripts/need cargo
	cargo bench --locked --package aldis-socketio --bench codec --bench broadcast
	cargo bench --locked --package aldis-domain --bench json
	cargo bench --locked --package aldis-store --bench log

# A count does not depend on what else the machine does: the guard against what makes messages dearer.
INSTRUCTIONS := cargo run --quiet --locked --profile profiling --package aldis --example instructions --

.PHONY: instructions
instructions: ## Fail if a message costs more instructions than bench/instructions.toml says
	@scripts/need cargo valgrind
	$(INSTRUCTIONS) check

.PHONY: instructions-update
instructions-update: ## Write bench/instructions.toml anew
	@scripts/need cargo valgrind
	$(INSTRUCTIONS) update

bench: instructions

.PHONY: fuzz
fuzz: ## Fuzz the decoders of the Socket.IO layer, a minute each (needs a nightly toolchain and cargo-fuzz)
	cd crates/socketio/fuzz && for target in $$(cargo +nightly fuzz list); do cargo +nightly fuzz run "$$target" -- -max_total_time=60; done

.PHONY: deny
deny: ## Check the licences and sources of what the crates depend on (needs cargo-deny)
	cargo deny --all-features check bans licenses sources

.PHONY: clean
clean: ## Remove what was built
	cargo clean
	rm -rf web/dist web/.angular web/node_modules e2e/node_modules e2e/.venv e2e/test-results e2e/clients/*/target
	rm -rf bench/node_modules bench/peers/target bench/data
