# SPDX-License-Identifier: GPL-2.0-only
# Fuzz targets (tests/fuzz): libFuzzer, the address and undefined sanitizers.
# What they find new goes to $(FUZZ_BUILD)/found, never into the checkout.

FUZZ_SECONDS ?= 60
HOURS        ?= 1
FUZZ_BUILD   := $(BUILD)/fuzz
FUZZ_TARGETS := image ocaml import restore take wire
FUZZ_RUN     := tests/fuzz/run --build $(FUZZ_BUILD)

.PHONY: check-fuzz fuzz fuzz-bins fuzz-seeds
#: check-fuzz     the corpus, then FUZZ_SECONDS for each fuzz target
check-fuzz: fuzz-bins
	@$(FUZZ_RUN) --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

#: fuzz           the same for HOURS for all of them together
fuzz: fuzz-bins
	@$(FUZZ_RUN) --hours $(HOURS) $(FUZZ_TARGETS)

# Everything once more, in a build directory of its own.
fuzz-bins: | $(DEPS_STAMP)
	@$(MAKE) -s --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang HARDEN= \
		OPT="$(SANITIZE) -fsanitize=fuzzer-no-link" \
		$(FUZZ_TARGETS:%=$(FUZZ_BUILD)/bin/fuzz_%)

FUZZ_SHARED := tests/fuzz/properties.c tests/fuzz/mutate.c
FUZZ_WORLD  := tests/fuzz/world.c tests/fuzz/server.c
FUZZ_FAKE   := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard xenstored/plat/fake/*.c))
FUZZ_LINK_restore := -Wl,--wrap=plat_stream_adopt

# $(call fuzz-objs,<target>)
fuzz-objs = $(patsubst %.c,$(BUILD)/obj/%.o,tests/fuzz/fuzz_$(1).c \
	$(FUZZ_SHARED) $(if $(filter import restore take wire,$(1)),$(FUZZ_WORLD)))

define fuzz-target
$$(BUILD)/bin/fuzz_$(1): $$(call fuzz-objs,$(1)) $$(FUZZ_FAKE) $$(BUILD)/libcore.a
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$$(CC) $$(CFLAGS) -fsanitize=fuzzer $$(FUZZ_LINK_$(1)) -o $$@ $$^ \
		$$(CORE_LIBS)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz-target,$(t))))

# Makes the seeds of the corpus anew; what was committed stays as it is.
fuzz-seeds: | $(DEPS_STAMP)
	@$(MAKE) -s --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang HARDEN= \
		OPT="$(SANITIZE)" $(FUZZ_BUILD)/bin/seeds
	@$(FUZZ_BUILD)/bin/seeds tests/fuzz/corpus

FUZZ_SEEDS := $(patsubst %.c,$(BUILD)/obj/%.o,tests/fuzz/seeds.c \
	tests/fuzz/properties.c $(FUZZ_WORLD) tests/unit/state/sample.c)
$(BUILD)/bin/seeds: $(FUZZ_SEEDS) $(FUZZ_FAKE) $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -o $@ $^ -lcheck $(UNIT_LIBS)

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(wildcard tests/fuzz/*.c))
