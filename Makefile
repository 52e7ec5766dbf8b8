# What each target does stands in CONTRIBUTING.md.

GOLANGCI = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 1m
BENCH ?= .
PORT ?= 8080
OUT ?= bbbridge
SEED ?= 1
N ?= 40
PACKAGES ?= ./...
MATCH ?=
TESTS ?=

# The whole binary is static: no libc is needed where it runs. SQLite loads no
# extensions, which would need one. It can be loaded at any address, and what is
# written meanwhile is sealed before it runs (.ci/hardened). gin's MessagePack, a
# fifth of the code and so of the memory, is of no use to us; for what else gin
# brings there is no tag.
STATIC = -trimpath -buildmode=pie -tags netgo,osusergo,sqlite_omit_load_extension,nomsgpack \
	-ldflags '-s -w -X main.release=$(VERSION) -linkmode external -extldflags "-static-pie -Wl,-z,relro,-z,now"'

.PHONY: demo test quick lint bench golden fuzz mutants build image release gcc

demo: gcc
	@echo "Building bbbridge. The first time this takes some minutes, since SQLite is compiled."
	@go run ./cmd/bbbridge demo --port $(PORT)

test:
	@.ci/test

quick: gcc
	@TEST_POSTGRES_DSN= go test ./...

lint: gcc
	@files=$$(gofmt -l $$(git ls-files '*.go')); \
		if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	go vet -tags browser,deploy,release ./...
	$(GOLANGCI) run ./...

bench: gcc
	@go test -run '^$$' -bench '$(BENCH)' -benchmem \
		$$(git grep -l '^func Benchmark' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's,^,./,')

golden: gcc
	go test $$(git grep -l 'flag.Bool("update"' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's,^,./,') -update

fuzz: gcc
	@git grep -ho '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' >/dev/null || { echo "no fuzz targets"; exit 1; }
	@status=0; for target in $$(git grep -o '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's/:func /:/'); do \
		go test -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "./$$(dirname "$${target%:*}")" || status=1; \
	done; exit $$status

mutants: gcc
	@nice -n 10 go run ./cmd/mutants -seed $(SEED) -n $(N) -match '$(MATCH)' -tests '$(TESTS)' $(PACKAGES)

# A copy: of a file that was just linked, Linux maps pieces of two megabytes,
# and all of them count as the program's memory (docs/performance.md).
build: gcc
	CGO_ENABLED=1 go build $(STATIC) -o $(OUT).linked ./cmd/bbbridge
	@rm -f $(OUT) && cp $(OUT).linked $(OUT) && rm $(OUT).linked
	@GOARCH= go run ./.ci/hardened $(OUT)

# What deploy/Containerfile copies, and the image.
image: build
	@.ci/install ca-certificates
	@mkdir -p deploy/data && cp -L /etc/ssl/certs/ca-certificates.crt deploy/
	@if command -v podman >/dev/null; then podman build --format docker -f deploy/Containerfile -t bbbridge .; \
		else docker build -f deploy/Containerfile -t bbbridge .; fi

release:
	@.ci/release '$(VERSION)'

gcc:
	@.ci/install gcc
