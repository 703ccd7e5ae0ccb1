# make demo      set up, build, run the catalog on the built-in TCP and on this machine's kernel
# make check     set up, build, run every test
# make help      the rest
BUILD   := build
CC      ?= gcc
PREFIX  ?= /usr/local
VERSION := 0.1.0

PACKAGES := libpcap jansson libsodium libcap-ng libxml-2.0 inih
DEBIAN   := gcc make pkg-config libpcap-dev libnet1-dev libjansson-dev libsodium-dev libcap-ng-dev libxml2-dev libinih-dev check liblwip-dev iproute2 tshark

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
CFLAGS   ?= -O2 -g
CFLAGS   += $(SANITIZE)
CPPFLAGS += $(shell pkg-config --cflags libxml-2.0) -D_GNU_SOURCE -DTCPROVE_VERSION='"$(VERSION)"' -Iharness -Icases -Ireports -Isuite -I.
LIBRARIES = $(shell pkg-config --libs $(PACKAGES)) -lnet -lm

# A room's sources are all the .c files in it: a new case, target or rule is one file.
HARNESS := $(sort $(wildcard harness/*.c harness/*/*.c))
CASES   := $(sort $(wildcard cases/*.c))
FUZZ    := $(sort $(wildcard fuzz/*.c)) fuzz/target/work.c
REPORTS := $(sort $(wildcard reports/*.c))
SUITE   := $(filter-out suite/main.c suite/agent.c,$(sort $(wildcard suite/*.c)))
TESTS   := $(filter-out suite/selftest/lwip_host.c,$(sort $(wildcard suite/selftest/*.c)))
BENCH   := $(sort $(wildcard suite/bench/*.c))
MUTATE  := $(sort $(wildcard suite/bench/mutate*.c fuzz/mutator/*.c))

LIBRARY := $(HARNESS) $(CASES) $(FUZZ) $(REPORTS) $(SUITE)
objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))
OBJECTS := $(call objects,$(LIBRARY)) $(BUILD)/requirements.o $(BUILD)/groups.o

Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1) $(2)")

.PHONY: all demo check test deps bench soak lint format asan install clean help FORCE
.DELETE_ON_ERROR:

all: $(BUILD)/tcprove $(BUILD)/tcprove-agent $(BUILD)/lint.ok

# What the agent is made of: libc is all that it needs.
AGENT := suite/agent.c $(filter-out harness/agent/channel.c $(wildcard harness/agent/remote*.c),$(wildcard harness/agent/*.c)) harness/calls.c harness/error.c harness/segment.c

$(BUILD)/tcprove-agent: $(call objects,$(AGENT))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tcprove: $(BUILD)/suite/main.o $(OBJECTS) $(BUILD)/sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARIES)

$(BUILD)/selftest: $(call objects,$(TESTS) $(MUTATE)) $(BUILD)/suites.o $(OBJECTS) $(BUILD)/sources | $(BUILD)/lwip-host
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(shell pkg-config --libs check) $(LIBRARIES)

# A TCP to be tested, for the tests. Its headers are not held to our warnings.
$(BUILD)/lwip-host: CPPFLAGS += $(patsubst -I%,-isystem %,$(shell pkg-config --cflags lwip))
$(BUILD)/lwip-host: $(BUILD)/suite/selftest/lwip_host.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs lwip)

$(BUILD)/bench: $(call objects,$(BENCH)) $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBRARIES)

# Unknown requirement ids, and every other fault that the lint knows, break the build.
$(BUILD)/lint.ok: $(BUILD)/tcprove
	$(call say,LINT,cases/)
	$(Q)$(BUILD)/tcprove lint && touch $@

# `tcprove replay` tells what each event cost the built-in TCP, in edges of its code.
$(patsubst %.c,$(BUILD)/%.o,$(wildcard harness/reference/*.c)): METER := -fsanitize-coverage=trace-pc

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c17 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) $(METER) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: $(BUILD)/%.c
	$(call say,CC,$<)
	$(Q)$(CC) -std=c17 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/requirements.c: cases/requirements.tsv suite/requirements.awk
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)(head -n 1 $<; tail -n +2 $< | LC_ALL=C sort -t '	' -k1,1) | awk -f suite/requirements.awk > $@

# Newer where one has come or gone: one that is gone has no time of its own.
$(BUILD)/sources: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo $(LIBRARY) $(TESTS) | cmp -s - $@ || echo $(LIBRARY) $(TESTS) > $@

$(BUILD)/groups.c: $(CASES) suite/groups.awk $(BUILD)/sources
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)awk -f suite/groups.awk $(CASES) > $@

$(BUILD)/suites.c: $(TESTS) suite/selftest/suites.awk $(BUILD)/sources
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)awk -f suite/selftest/suites.awk $(TESTS) > $@

deps:
	@suite/install-packages.sh $(DEBIAN)

demo: deps
	@$(MAKE) --no-print-directory all
	@suite/demo.sh $(BUILD)

check: deps
	@$(MAKE) --no-print-directory test

test: all $(BUILD)/selftest
	@suite/check.sh $(BUILD)

# What waits long on a wire, and runs the same code as the suites that stay, is left out.
asan: deps
	@LEAVE_OUT='broken_kernel lossy' $(MAKE) --no-print-directory test BUILD=$(BUILD)/asan SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -O1'

bench: all $(BUILD)/bench $(BUILD)/selftest
	@$(BUILD)/bench speed $(BUILD)/tcprove $(BUILD)/selftest
	@$(MAKE) --no-print-directory fuzz-bench

soak: all $(BUILD)/bench $(BUILD)/selftest
	@suite/soak.sh $(BUILD)

lint:
	@suite/lint-source.sh

format:
	@clang-format -i $(filter-out harness/ladder.h,$(wildcard harness/*.[ch] harness/*/*.[ch] fuzz/*.[ch] fuzz/*/*.[ch] reports/*.[ch] suite/*.[ch] suite/*/*.[ch]))

install: all
	install -D -m 755 $(BUILD)/tcprove $(DESTDIR)$(PREFIX)/bin/tcprove
	install -D -m 755 $(BUILD)/tcprove-agent $(DESTDIR)$(PREFIX)/bin/tcprove-agent

clean:
	rm -rf $(BUILD)

help:
	@printf '%s\n' 'demo     set up, build, run the catalog on the built-in TCP and on this kernel' \
	  'check    set up, build, run every test' 'all      build only' 'asan     the tests under ASan and UBSan' \
	  'bench    speeds, as ratios against baselines measured in the same run' 'soak     the long repeated runs' \
	  'fuzz     AFL++ on the built-in TCP (fuzz/README.md)    fuzz-smoke  a minute of it    fuzz-check  its own tests    fuzz-proof  planted bugs' \
  'corpus   what fuzzing begins with: a seed of every case, what campaigns added    fuzz-coverage  draws what it reaches' \
	  'lint     house rules of the source    format   clang-format' 'install  PREFIX=/usr/local' \
	  'V=1 shows commands; CC=clang, SANITIZE=..., BUILD=... as usual'

include fuzz/build.mk
-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
