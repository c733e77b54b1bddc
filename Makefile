# SPDX-License-Identifier: GPL-2.0-or-later

# container/ needs these tags, all other packages do without them.
TAGS := remote containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper
# The name of a tag may come from anybody whose branches were fetched, and is a part of shell commands.
VERSION := $(shell { git describe --tags --always --dirty 2>/dev/null || echo unknown; } | tr -cd '0-9A-Za-z.+_-')
# One build cache serves everything: only the race detector needs C.
export CGO_ENABLED = 0
export GOFLAGS := $(GOFLAGS) -trimpath
# A program with the race detector sleeps for a second when it ends, and the scripts start a thousand.
export GORACE = atexit_sleep_ms=10
GOBUILD = go build -tags '$(TAGS)' -ldflags '-s -w -X main.version=$(VERSION)'
# The versions of the tools are in ci/tools/go.mod and nowhere else.
TOOL = go tool -modfile=ci/tools/go.mod
# Tests without concurrency that take many minutes with the race detector.
NORACE = ^(TestMutationScore|TestNewerLibvirt|TestFactsVerifyDebian|TestCrossCompilersOfDebian|TestDebianMirror|TestRulesDecideAsTheTables|TestAnotherProgramListsTheSameJobs|TestAgainstOther|TestHostileStrings|TestSmallFilesStayCheap)$$
NORACE_IN = ./domstats/internal/fault ./cmd/lcitool ./internal/repodata ./internal/gitlabci ./manifests
GOTESTSUM = $(TOOL) gotestsum --format pkgname-and-test-fails --
# Tests also wait: for engines, guests and git.
TWICE = $$((2 * $$(getconf _NPROCESSORS_ONLN)))
SCRIPTS = $(shell git ls-files | xargs awk 'FNR == 1 && /^\#!(\/bin\/sh|\/bin\/bash|\/usr\/bin\/env bash)/ { print FILENAME } { nextfile }')
PREFIX ?= /usr/local

.DEFAULT_GOAL := help

##@ First steps

.PHONY: demo
demo: ## Set the machine up, build, run examples/hello in a debian-12 container
	ci/host-setup
	@$(MAKE) --no-print-directory build
	ci/demo

.PHONY: test
test: ## Set the machine up, then run all checks and tests, also those with podman
	ci/host-setup test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target machine check shell norace
	CGO_ENABLED=1 $(GOTESTSUM) -race -parallel $(TWICE) -timeout 4h -tags '$(TAGS) integration' -skip '$(NORACE)' ./...

.PHONY: machine
machine:
	ci/test-machines --quick debian-13

.PHONY: norace
norace:
	$(GOTESTSUM) -timeout 2h -tags '$(TAGS) integration' -run '$(NORACE)' $(NORACE_IN)

##@ While working

.PHONY: build
build: ## Build bin/lcitool, a static binary
	$(GOBUILD) -o bin/lcitool ./cmd/lcitool

# go vet is a part of make check. The processes end too soon to need much garbage collection.
# Writing the test programs to a disk takes a sixth of the time.
.PHONY: unit
unit: ## Unit tests, which need no podman
	GOTMPDIR=$$(ci/memory-dir) GOGC=400 go test -p $(TWICE) -short -vet=off -tags '$(TAGS)' ./...

.PHONY: check
check: fmt vet cross lint generated size ## All checks that need only Go and git: the six targets below

.PHONY: fmt
fmt: ## List the Go files that gofmt would change
	@changed=$$(gofmt -l .); [ -z "$$changed" ] || { echo "gofmt would change:"; echo "$$changed"; exit 1; }

.PHONY: vet
vet: ## go vet, integration tests included
	go vet -tags '$(TAGS) integration libvirt browser emulator' ./...

.PHONY: cross
cross: ## Type-check all packages and unit tests for the other systems that lcitool runs on
	go run ./ci/crosscheck -tags '$(TAGS)' darwin/arm64 darwin/amd64 freebsd/amd64 linux/arm64 -- ./...

.PHONY: lint
lint: ## golangci-lint with .golangci.yml
	$(TOOL) golangci-lint run ./...

.PHONY: prose
prose: ## Look for phrases that docs/prose_test.go lists, in comments, strings and Markdown
	go test -count=1 -run Prose ./docs

.PHONY: generated
generated: build ## Compare the command reference, the man pages, the table of mappings and both pipelines with what they come from
	go test -count=1 -tags '$(TAGS)' -run Reference ./cmd/lcitool
	go test -count=1 -run ManualPages ./docs/schema
	go test -count=1 -run BuiltIn ./facts
	bin/lcitool --strict manifest --check
	bin/lcitool --strict manifest --check --base-dir examples/hello
	@for file in ci/hostenv/*.vars; do bin/lcitool --strict variables "$$(basename $$file .vars)" host | diff $$file - || exit 1; done

# The linker keeps the exported methods of all types, a quarter of the program, if one function looks for
# a method by a name that only the run knows. Those of text/template and protobuf do.
MAX_SIZE = 26000000
.PHONY: size
size: build ## Compare the size of bin/lcitool with the most that it may have
	@size=$$(wc -c <bin/lcitool); [ "$$size" -le $(MAX_SIZE) ] || { \
	  echo "bin/lcitool has $$size bytes, the most is $(MAX_SIZE); go build -ldflags=-dumpdep marks with <ReflectMethod> what keeps methods" >&2; exit 1; }

.PHONY: shell
shell: ## shellcheck on every shell script; ci/host-setup test installs it
	@command -v shellcheck >/dev/null || { echo "make shell: shellcheck is missing; ci/host-setup test installs it" >&2; exit 1; }
	shellcheck $(SCRIPTS)

.PHONY: manifest
manifest: build ## Rewrite this project's own pipeline and the example's
	bin/lcitool --strict manifest --quiet
	bin/lcitool --strict manifest --quiet --base-dir examples/hello
	@for file in ci/hostenv/*.vars; do bin/lcitool --strict variables "$$(basename $$file .vars)" host >$$file; done

.PHONY: docs
docs: ## Rewrite the command reference, the man pages and the table of built-in mappings
	go test -tags '$(TAGS)' -run Reference ./cmd/lcitool -update
	go test -run ManualPages ./docs/schema -update
	go test -run BuiltInTable ./facts -update

.PHONY: golden
golden: ## Rewrite the golden files; read the diff before committing it
	go test -tags '$(TAGS)' $$(grep -rl --include='*_test.go' 'lcitool/internal/golden"' . | xargs -n 1 dirname | grep -vx './internal/golden' | sort -u) -update

.PHONY: nightly
nightly: ## The tests that build libvirt and QEMU to test them, for hours, or use PostgreSQL, Redis and dnf
	ci/host-setup test
	go test -count=1 -timeout 12h -tags '$(TAGS) integration nightly' -run 'TestPatchOf|TestRealServices|TestUpdatesOfDnf' -v ./cmd/lcitool

.PHONY: browser
browser: ## The tests that open reports in Chromium
	ci/host-setup browser
	go test -count=1 -tags '$(TAGS) browser' -run 'TestOpen|TestInBrowser' ./internal/headless ./internal/jobreport ./domstats/report

.PHONY: pictures
pictures: build ## Draw the pictures of the README from a run of examples/hello
	ci/pictures

.PHONY: test-machines
test-machines: ## The tests that need podman on the podman of other distributions
	ci/host-setup test
	ci/test-machines

.PHONY: vuln
vuln: ## Known vulnerabilities in what we import; VULNDB=VERSION for a database of the module cache
	TAGS='$(TAGS)' VULNDB='$(VULNDB)' ci/vuln

.PHONY: bench
bench: ## Go benchmarks and whole-process timings, as tables
	ci/host-setup bench
	@$(MAKE) --no-print-directory build
	ci/bench

##@ The rest

# PATH may have no Go below sudo: only a missing program is built. With the goal build, install waits for it.
bin/lcitool: | $(filter build,$(MAKECMDGOALS))
	$(GOBUILD) -o $@ ./cmd/lcitool

ROOT = '$(subst ','\'',$(DESTDIR)$(PREFIX))'
.PHONY: install
install: bin/lcitool ## Install bin/lcitool as make build left it, below PREFIX (/usr/local), DESTDIR respected
	@set -eu; umask 022; root=$(ROOT); share=$$root/share; \
	echo "installing below $$root"; \
	install -d "$$root/bin" "$$share/man/man1" "$$share/man/man5" \
	  "$$share/bash-completion/completions" "$$share/zsh/site-functions" "$$share/fish/vendor_completions.d"; \
	install -m 0755 bin/lcitool "$$root/bin/"; \
	install -m 0644 docs/man/*.1 "$$share/man/man1/"; \
	install -m 0644 docs/man5/*.5 "$$share/man/man5/"; \
	script() { bin/lcitool completion "$$1" >"$$share/$$2"; chmod 0644 "$$share/$$2"; }; \
	script bash bash-completion/completions/lcitool; \
	script zsh zsh/site-functions/_lcitool; \
	script fish fish/vendor_completions.d/lcitool.fish

.PHONY: dist
dist: ## Build a release into dist/: programs, deb, rpm and apk packages, checksums
	rm -rf dist
	VERSION='$(VERSION)' ci/dist dist

.PHONY: image
image: build ## Build the image localhost/lcitool, which contains only bin/lcitool
	ci/image bin/lcitool localhost/lcitool

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist

.PHONY: help
help: ## Print this
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
