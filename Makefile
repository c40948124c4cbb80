# Logos Testbench. `make help` lists the targets.
#
# Objects and programs go to build/ (VARIANT=release) or build/VARIANT/
# (asan, tsan, fuzz, debug); nothing is ever written beside the sources.

VARIANT ?= release
CC      ?= gcc
prefix  ?= /usr/local
bindir   = $(prefix)/bin
mandir   = $(prefix)/share/man
datadir  = $(prefix)/share/logos-testbench
DESTDIR ?=

ifeq ($(VARIANT),release)
B := build
else
B := build/$(VARIANT)
endif

VERSION := 0.1.0$(shell git rev-parse --short HEAD 2>/dev/null | sed 's/^/+g/')

PKGS := libcurl libcjson yaml-0.1 libevent libevent_pthreads libsodium sqlite3 ncursesw

# Everything below needs the libraries; the targets that install them do not.
NO_DEPS_GOALS := help setup clean demo check bench
ifneq ($(filter-out $(NO_DEPS_GOALS),$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell pkg-config --exists $(PKGS) && echo yes),yes)
$(error development libraries are missing; run scripts/setup (make demo and make check do))
endif
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   := $(shell pkg-config --libs libcurl libcjson yaml-0.1 libsodium sqlite3 ncursesw)
EVENT_LIBS := $(shell pkg-config --libs libevent)
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wwrite-strings -Wpointer-arith \
	-Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -Werror

CFLAGS_COMMON := -std=c11 -D_GNU_SOURCE -Isrc -I$(B)/gen $(WARN) $(PKG_CFLAGS) \
	-fno-common -fstack-protector-strong -pthread
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2
CFLAGS_debug   := -O0 -g3
CFLAGS_asan    := -O1 -g3 -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined -Wno-null-dereference
CFLAGS_tsan    := -O1 -g3 -fsanitize=thread -fno-omit-frame-pointer -Wno-null-dereference
CFLAGS_fuzz    := -O1 -g3 -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
LDFLAGS_asan   := -fsanitize=address,undefined
LDFLAGS_tsan   := -fsanitize=thread
LDFLAGS_fuzz   := -fsanitize=address,undefined
ifeq ($(VARIANT),fuzz)
CC := clang
endif

CFLAGS  ?=
LDFLAGS ?=
ALL_CFLAGS  = $(CFLAGS_COMMON) $(CFLAGS_$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS = -pthread -Wl,--as-needed $(LDFLAGS_$(VARIANT)) $(LDFLAGS)

Q := $(if $(V),,@)

# --- sources -----------------------------------------------------------------

UTIL_SRC   := $(wildcard src/util/*.c)
PROTO_SRC  := $(wildcard src/proto/*.c)
NODE_SRC   := $(filter-out src/node/main.c,$(wildcard src/node/*.c src/node/*/*.c))
RELAY_SRC  := $(filter-out src/relay/main.c,$(wildcard src/relay/*.c))
BENCH_SRC  := $(wildcard src/core/*.c src/backends/*.c src/flavours/*.c src/workloads/*.c \
	src/checks/*.c src/report/*.c src/ui/*.c) $(filter-out src/app/main.c,$(wildcard src/app/*.c))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

UTIL_LIB  := $(B)/libutil.a
PROTO_LIB := $(B)/libproto.a
NODE_LIB  := $(B)/libnode.a
RELAY_LIB := $(B)/librelay.a
BENCH_LIB := $(B)/libbench.a

PROGRAMS := $(B)/ltb $(B)/ltb-node $(B)/ltb-relay

UNIT_SRC  := $(wildcard tests/unit/test_*.c)
UNIT_BIN  := $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT_SRC))
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN  := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRC))

.PHONY: all help setup demo image check check-layers lint \
	format bench install uninstall clean tests fuzz fuzz-objects FORCE
.PRECIOUS: $(B)/obj/%.o
.DEFAULT_GOAL := all

all: $(PROGRAMS) ## build build/ltb, build/ltb-node and build/ltb-relay

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' Makefile
	@echo '  VARIANT=asan|tsan|debug|fuzz builds into build/VARIANT; V=1 shows the commands'

setup: ## install the Debian packages that building and testing need
	@scripts/setup

demo: ## set up, build and run the smoke preset
	@scripts/setup build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	$(B)/ltb --batch smoke

# The programs that run in containers; the first is what a container starts.
IMAGE_PROGRAMS := $(B)/ltb-node $(B)/ltb-relay
image: $(IMAGE_PROGRAMS) ## make the container image and load it when a Docker engine answers
	@IMAGE_VERSION=$(VERSION) scripts/image $(B)/logos-testbench.tar logos-testbench:local $^

check: ## set up, build and run all tests
	@scripts/setup test
	@$(MAKE) --no-print-directory -j$$(nproc) all tests fuzz-objects
	@scripts/ci/check "$(B)"

# --- compiling and linking ----------------------------------------------------

# A change of compiler or flags rebuilds everything.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LDFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LDFLAGS)' > $@
FORCE:

# The version changes with every commit: only what prints it is rebuilt.
$(B)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define LTB_VERSION "$(VERSION)"' | cmp -s - $@ || echo '#define LTB_VERSION "$(VERSION)"' > $@

$(B)/obj/%.o: %.c $(B)/flags | $(B)/gen/version.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(UTIL_LIB): $(call obj,$(UTIL_SRC))
$(PROTO_LIB): $(call obj,$(PROTO_SRC))
$(NODE_LIB): $(call obj,$(NODE_SRC))
$(RELAY_LIB): $(call obj,$(RELAY_SRC))
$(BENCH_LIB): $(call obj,$(BENCH_SRC)) $(B)/obj/gen/presets.o $(B)/obj/gen/themes.o $(B)/obj/gen/image.o
$(B)/lib%.a:
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $^

# Shipped presets and themes and the builder of the image are compiled in, so that a lone binary has them too.
$(B)/gen/presets.c: $(wildcard presets/*.yaml) scripts/embed
	@mkdir -p $(@D)
	$(Q)scripts/embed presets_embedded $(sort $(wildcard presets/*.yaml)) > $@.tmp && mv $@.tmp $@
$(B)/gen/themes.c: $(wildcard assets/themes/*.yaml) scripts/embed
	@mkdir -p $(@D)
	$(Q)scripts/embed themes_embedded $(sort $(wildcard assets/themes/*.yaml)) > $@.tmp && mv $@.tmp $@
$(B)/gen/image.c: assets/image/build scripts/embed
	@mkdir -p $(@D)
	$(Q)scripts/embed image_build_script assets/image/build > $@.tmp && mv $@.tmp $@
$(B)/obj/gen/%.o: $(B)/gen/%.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-overlength-strings -MMD -MP -c -o $@ $<

$(B)/ltb: $(B)/obj/src/app/main.o $(BENCH_LIB) $(PROTO_LIB) $(UTIL_LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(B)/ltb-node: $(B)/obj/src/node/main.o $(NODE_LIB) $(PROTO_LIB) $(UTIL_LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(EVENT_LIBS) -lm

$(B)/ltb-relay: $(B)/obj/src/relay/main.o $(RELAY_LIB) $(UTIL_LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(EVENT_LIBS) -lm

# --- tests --------------------------------------------------------------------

tests: $(UNIT_BIN) $(B)/fake_names.so

$(B)/%.so: tests/lib/%.c $(B)/flags
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS_COMMON) -O1 -g -fPIC -shared -o $@ $<

# Tests of node and relay link libevent, before the bench; those of the bench must not: both have an event_new().
NODE_TESTS := $(patsubst %.c,%,$(notdir $(shell grep -lE '^#include "(node/|unit/chain_fixture|chain_fixture)' tests/unit/*.c tests/fuzz/*.c)))
RELAY_TESTS := $(patsubst %.c,%,$(notdir $(shell grep -l '^#include "relay/' tests/unit/*.c tests/fuzz/*.c)))
test_libs = $(if $(filter $(1),$(RELAY_TESTS)),$(RELAY_LIB) $(UTIL_LIB) $(EVENT_LIBS),\
	$(if $(filter $(1),$(NODE_TESTS)),$(NODE_LIB) $(EVENT_LIBS) $(BENCH_LIB) $(PROTO_LIB) $(UTIL_LIB),\
	$(BENCH_LIB) $(PROTO_LIB) $(UTIL_LIB))) $(PKG_LIBS)

$(B)/tests/%: $(B)/obj/tests/unit/%.o $(BENCH_LIB) $(NODE_LIB) $(RELAY_LIB) $(PROTO_LIB) $(UTIL_LIB)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(call test_libs,$*) -lcmocka -lm

# Fuzz targets are always compiled, with a plain main that replays the corpus;
# VARIANT=fuzz links them with libFuzzer instead.
fuzz: $(FUZZ_BIN) ## build the fuzz targets (VARIANT=fuzz for libFuzzer)
fuzz-objects: $(FUZZ_BIN)
ifeq ($(VARIANT),fuzz)
FUZZ_MAIN := -fsanitize=fuzzer
else
FUZZ_MAIN := $(B)/obj/tests/fuzz/replay_main.o
$(FUZZ_BIN): $(FUZZ_MAIN)
endif
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(BENCH_LIB) $(NODE_LIB) $(RELAY_LIB) $(PROTO_LIB) $(UTIL_LIB)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ALL_LDFLAGS) $(FUZZ_MAIN) -o $@ $< $(call test_libs,$*) -lm

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(BENCH_LIB) $(PROTO_LIB) $(UTIL_LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

check-layers: ## fail when an include points up the layer diagram
	@scripts/ci/check-layers

lint: ## clang-format, clang-tidy, cppcheck, shellcheck, mandoc, layers
	@scripts/ci/lint

format: ## reformat all C sources
	clang-format -i $$(git ls-files -co --exclude-standard 'src/*.[ch]' 'tests/*.[ch]')

bench: ## measure, as ratios within one run
	@scripts/setup bench
	@$(MAKE) --no-print-directory -j$$(nproc) all $(addprefix $(B)/bench/,bare_loop txgen docker_ops link_load)
	@tests/bench/run "$(B)"

# --- install --------------------------------------------------------------------

install: all ## install below DESTDIR and prefix (default /usr/local)
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(datadir)/presets $(DESTDIR)$(datadir)/schemas $(DESTDIR)$(datadir)/grafana \
		$(DESTDIR)$(datadir)/image \
		$(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man7 \
		$(DESTDIR)$(mandir)/man8
	install -m 755 $(PROGRAMS) $(DESTDIR)$(bindir)
	install -m 644 presets/*.yaml $(DESTDIR)$(datadir)/presets
	install -m 644 assets/schemas/*.json $(DESTDIR)$(datadir)/schemas
	install -m 644 assets/grafana/*.json $(DESTDIR)$(datadir)/grafana
	install -m 755 assets/image/build $(DESTDIR)$(datadir)/image
	install -m 644 man/*.1 $(DESTDIR)$(mandir)/man1
	install -m 644 man/*.5 $(DESTDIR)$(mandir)/man5
	install -m 644 man/*.7 $(DESTDIR)$(mandir)/man7
	install -m 644 man/*.8 $(DESTDIR)$(mandir)/man8

uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(bindir)/,$(notdir $(PROGRAMS)))
	rm -rf $(DESTDIR)$(datadir)
	rm -f $(DESTDIR)$(mandir)/man1/ltb.1 $(DESTDIR)$(mandir)/man5/ltb-preset.5 \
		$(DESTDIR)$(mandir)/man7/ltb-ui.7 $(DESTDIR)$(mandir)/man8/ltb-node.8 $(DESTDIR)$(mandir)/man8/ltb-relay.8

clean: ## remove build/
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
