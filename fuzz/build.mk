# The fuzz targets, in four flavours; included by the Makefile, whose variables it uses.
#     $(BUILD)/fuzz/NAME            for AFL++: persistent, input by shared memory, feedback and work counted
#     $(BUILD)/fuzz-asan/NAME       the same under ASan and UBSan
#     $(BUILD)/fuzz-plain/NAME      without AFL++, plays the files that it is given; any compiler, work counted
#     $(BUILD)/fuzz-libfuzzer/NAME  with libFuzzer's entry, under ASan and UBSan
FUZZ_TARGETS  := ladder frame notation results datagrams empty
FUZZ_FLAVOURS := fuzz fuzz-asan fuzz-plain fuzz-libfuzzer
FUZZ_DEBIAN   := afl++ clang llvm lld libclang-rt-14-dev gnuplot-nox
FUZZ_FLAGS    ?= -O3 -g -march=native
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
AFL_CC        ?= afl-clang-fast
FUZZ_CLANG    ?= clang
LLVM_OPT      ?= opt
LLVM_AR       ?= llvm-ar
FUZZ_ENGINE   ?= -fsanitize=fuzzer

# What feedback comes from, for each target; the rest is compiled without instrumentation, so that neither time nor the map are
# spent on it: of the TCP that is what an input steers, and not its oracles (inspect.c), the book of its timers, nor what writes
# packets.
FUZZ_TCP      := $(filter-out %/inspect.c %/timers.c,$(wildcard harness/reference/*.c)) $(addprefix harness/segment,.c _decode.c _options.c)
FUZZ_READERS  := $(addprefix suite/,compare.c gate.c options.c catalog.c) harness/calls.c
FUZZ_AGENT    := $(wildcard harness/agent/stub*.c) $(wildcard harness/inprocess/application*.c) harness/agent/protocol.c harness/calls.c
FUZZ_GUIDE_ladder   := $(FUZZ_TCP)
FUZZ_GUIDE_frame    := $(FUZZ_TCP)
FUZZ_GUIDE_empty    := fuzz/target/empty.c
FUZZ_GUIDE_notation := $(wildcard harness/notation*.c)
FUZZ_GUIDE_results  := $(FUZZ_READERS)
FUZZ_GUIDE_datagrams := $(FUZZ_AGENT)

# What the target itself is made of.
FUZZ_PARTS_ladder   := $(addprefix fuzz/target/,ladder.c staged.c feedback.c work.c)
FUZZ_PARTS_frame    := $(addprefix fuzz/target/,frame.c staged.c feedback.c work.c)
FUZZ_PARTS_empty    := fuzz/target/work.c
FUZZ_PARTS_notation := $(addprefix fuzz/target/,notation.c work.c)
FUZZ_PARTS_results  := $(addprefix fuzz/target/,results.c work.c)
FUZZ_PARTS_datagrams := $(addprefix fuzz/target/,datagrams.c work.c)

FUZZ_CPP  = $(CPPFLAGS)
FUZZ_BASE = -std=c17 $(FUZZ_CPP) $(WARNINGS) -MMD -MP

# How each flavour compiles what guides (i/), the rest (o/) and its entry, and how it links.
fuzz-plain.guide     = $(CC) $(FUZZ_BASE) $(CFLAGS) -fsanitize-coverage=trace-pc
fuzz-plain.rest      = $(CC) $(FUZZ_BASE) $(CFLAGS)
fuzz-plain.link      = $(CC) $(CFLAGS) $(LDFLAGS)
fuzz-libfuzzer.guide = $(FUZZ_CLANG) $(FUZZ_BASE) -O1 -g $(FUZZ_SANITIZE) -fsanitize=fuzzer-no-link
fuzz-libfuzzer.rest  = $(FUZZ_CLANG) $(FUZZ_BASE) -O1 -g $(FUZZ_SANITIZE)
fuzz-libfuzzer.link  = $(FUZZ_CLANG) -g $(FUZZ_SANITIZE)
fuzz-libfuzzer.engine = $(FUZZ_ENGINE)
# What runs fastest is linked by LLVM, which makes small functions of other files a part of their callers.
fuzz.rest            = $(FUZZ_CLANG) $(FUZZ_BASE) $(FUZZ_FLAGS) -flto -DTCPROVE_FUZZ_AFL
fuzz.afl             = AFL_QUIET=1 AFL_LLVM_SKIP_NEVERZERO=1 $(AFL_CC) $(FUZZ_FLAGS) -flto
fuzz.link            = $(fuzz.afl) -fuse-ld=lld
fuzz.ar              = $(LLVM_AR)
fuzz-asan.rest       = $(FUZZ_CLANG) $(FUZZ_BASE) $(FUZZ_FLAGS) -DTCPROVE_FUZZ_AFL $(FUZZ_SANITIZE)
fuzz-asan.afl        = AFL_QUIET=1 $(AFL_CC) $(FUZZ_FLAGS) -fsanitize=address
fuzz-asan.link       = AFL_QUIET=1 $(AFL_CC) $(FUZZ_FLAGS) $(FUZZ_SANITIZE)

.PHONY: corpus fuzz-coverage fuzz fuzz-smoke fuzz-check fuzz-proof fuzz-bench fuzz-targets fuzz-deps fuzz-settings fuzz-smoke-settings corpus-settings fuzz-proof-settings

fuzz-deps:
	@suite/install-packages.sh $(FUZZ_DEBIAN)

fuzz-targets: $(foreach f,$(FUZZ_FLAVOURS),$(FUZZ_TARGETS:%=$(BUILD)/$f/%)) $(BUILD)/fuzz/mutator.so

# What is wrong with a setting is said before anything is installed or built for it.
fuzz-settings:
	@fuzz/run.sh --settings

fuzz-smoke-settings:
	@fuzz/smoke.sh --settings

corpus-settings:
	@fuzz/corpus.sh --settings

fuzz-proof-settings:
	@fuzz/proof.sh --settings

fuzz: fuzz-settings deps fuzz-deps
	@$(MAKE) --no-print-directory $(BUILD)/fuzz$(addprefix -,$(FUZZ_FLAVOUR))/$(or $(FUZZ_TARGET),ladder) $(BUILD)/fuzz-plain/$(or $(FUZZ_TARGET),ladder) \
	    $(BUILD)/fuzz/mutator.so $(BUILD)/tcprove
	@fuzz/run.sh $(BUILD)

fuzz-smoke: fuzz-smoke-settings deps fuzz-deps
	@$(MAKE) --no-print-directory $(BUILD)/fuzz/ladder $(BUILD)/fuzz-plain/ladder $(BUILD)/fuzz/mutator.so $(BUILD)/tcprove
	@fuzz/smoke.sh $(BUILD)

fuzz-check: deps fuzz-deps
	@$(MAKE) --no-print-directory fuzz-targets $(BUILD)/tcprove
	@fuzz/check.sh $(BUILD)

corpus: corpus-settings deps fuzz-deps
	@$(MAKE) --no-print-directory $(BUILD)/fuzz/ladder $(BUILD)/tcprove
	@fuzz/corpus.sh $(BUILD)

# Lines and pairs of a state and an event that the corpus reaches; as text, and drawn in $(BUILD)/coverage/index.html.
fuzz-coverage: deps
	@CFLAGS='-O0 -g' $(MAKE) --no-print-directory BUILD=$(BUILD)/coverage CC=gcc SANITIZE=--coverage $(BUILD)/coverage/tcprove
	@fuzz/coverage.sh $(BUILD)/coverage

# Builds copies of the tree, each with a planted bug; PROOF_QUICK=1 does without AFL++.
fuzz-proof: fuzz-proof-settings deps
	@suite/install-packages.sh patch $(if $(PROOF_QUICK),,$(FUZZ_DEBIAN))
	@fuzz/proof.sh

fuzz-bench: deps fuzz-deps
	@$(MAKE) --no-print-directory $(BUILD)/fuzz/empty $(BUILD)/fuzz/frame $(BUILD)/fuzz/ladder $(BUILD)/fuzz-asan/ladder \
	    $(BUILD)/fuzz/mutator.so $(BUILD)/tcprove
	@fuzz/bench.sh $(BUILD)

# The room is a part of the library; the targets and the mutator are not.
FUZZ_ROOM    := $(HARNESS) $(FUZZ)
fuzz_objects  = $(patsubst %.c,$(BUILD)/$(1)/$(2)/%.o,$(3))
# A target: its parts and what guides it as objects, the rest from a library: of the rooms below, or of all for `results`.
fuzz_library  = $(BUILD)/$(1)/o/$(if $(filter results,$(2)),all,room).a

# $(1) flavour, $(2) target, $(3) entry
define fuzz_program
$(BUILD)/$(1)/$(2): $(call fuzz_objects,$(1),i,$(FUZZ_GUIDE_$(2))) $(call fuzz_objects,$(1),o,$(FUZZ_PARTS_$(2))) \
    $(BUILD)/$(1)/$(3).o $(call fuzz_library,$(1),$(2))
	$$(call say,LINK,$$@)
	$$(Q)$$($(1).link) -o $$@ $$^ $$($(1).engine) $$(LIBRARIES)
endef

define fuzz_flavour
$(BUILD)/$(1)/o/room.a: $(call fuzz_objects,$(1),o,$(FUZZ_ROOM))
$(BUILD)/$(1)/o/all.a: $(call fuzz_objects,$(1),o,$(LIBRARY)) $(BUILD)/$(1)/o/requirements.o $(BUILD)/$(1)/o/groups.o
$(BUILD)/$(1)/o/room.a $(BUILD)/$(1)/o/all.a:
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(or $$($(1).ar),ar) rcs $$@ $$^

$(BUILD)/$(1)/o/%.o: %.c
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(1).rest) -c -o $$@ $$<

$(BUILD)/$(1)/o/%.o: $(BUILD)/%.c
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(1).rest) -c -o $$@ $$<
endef

# One step where the compiler does it all.
define fuzz_guide_simple
$(BUILD)/$(1)/i/%.o: %.c
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(1).guide) -c -o $$@ $$<
endef

# Three for AFL++, whose compiler drops the calls that count work: the file in LLVM's form, the calls, AFL++'s instrumentation
# (which makes the calls a part of the code around them) and the sanitizers.
define fuzz_guide_afl
$(BUILD)/$(1)/i/%.o: %.c fuzz/target/work.h
	$$(call say,AFL,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(1).rest) -MT $$@ -include fuzz/target/work.h -Xclang -disable-llvm-passes -emit-llvm -c -o $$(@:.o=.bc) $$<
	$$(Q)$$(LLVM_OPT) -passes='default<O2>,sancov-module' -sanitizer-coverage-level=3 -sanitizer-coverage-trace-pc \
	    -o $$(@:.o=.work.bc) $$(@:.o=.bc)
	$$(Q)$$($(1).afl) -Wno-unused-command-line-argument -c -o $$@ $$(@:.o=.work.bc)

# The loop is no part of what is fuzzed, and its first round differs from the others: AFL++ would call that instability.
$(BUILD)/$(1)/entry_afl.o: fuzz/target/entry_afl.c fuzz/target/target.h
	$$(call say,AFL,$$<)
	$$(Q)mkdir -p $$(@D) && printf 'fun: *\n' >$$(@D)/not-fuzzed
	$$(Q)AFL_LLVM_DENYLIST=$$(@D)/not-fuzzed $$($(1).afl) -std=gnu17 $$(FUZZ_CPP) -DTCPROVE_FUZZ_AFL -c -o $$@ $$<
endef

$(BUILD)/fuzz-plain/entry_afl.o: fuzz/target/entry_afl.c fuzz/target/target.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(fuzz-plain.rest) -c -o $@ $<

$(BUILD)/fuzz-libfuzzer/entry_libfuzzer.o: fuzz/target/entry_libfuzzer.c fuzz/target/target.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(fuzz-libfuzzer.rest) -c -o $@ $<

$(foreach f,$(FUZZ_FLAVOURS),$(eval $(call fuzz_flavour,$f)))
$(foreach f,fuzz fuzz-asan,$(eval $(call fuzz_guide_afl,$f)))
$(foreach f,fuzz-plain fuzz-libfuzzer,$(eval $(call fuzz_guide_simple,$f)))
$(foreach t,$(FUZZ_TARGETS),$(foreach f,fuzz fuzz-asan fuzz-plain,$(eval $(call fuzz_program,$f,$t,entry_afl))))
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_program,fuzz-libfuzzer,$t,entry_libfuzzer)))

# The mutator speaks the format of inputs and nothing else.
MUTATOR_PARTS := $(wildcard fuzz/mutator/*.c) fuzz/input.c harness/notation_fields.c harness/notation_words.c \
    harness/notation_term.c harness/notation_text.c harness/notation_ladder.c harness/terms.c harness/error.c

$(BUILD)/fuzz/m/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CLANG) $(FUZZ_BASE) $(FUZZ_FLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

$(BUILD)/fuzz/mutator.so: $(patsubst %.c,$(BUILD)/fuzz/m/%.o,$(MUTATOR_PARTS))
	$(call say,LINK,$@)
	$(Q)$(FUZZ_CLANG) -shared -o $@ $^ -lm

-include $(foreach f,$(FUZZ_FLAVOURS),$(shell find $(BUILD)/$f -name '*.d' 2>/dev/null))
