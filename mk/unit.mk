# SPDX-License-Identifier: GPL-2.0-only
# Unit tests: tests/unit mirrors xenstored/, one program for each module;
# tests/unit/records is libxc-records/ (mk/records.mk).
#
# A test is linked with its room and the rooms below it only, which proves the
# direction of dependencies once more.

UNIT_ROOMS   := base wire state store plat main records stubdom
UNIT_SRCS    := $(wildcard tests/unit/*/*.c)
UNIT_BINS    := $(patsubst tests/%.c,$(BUILD)/%,\
	$(filter $(UNIT_ROOMS:%=tests/unit/%/test_%),$(UNIT_SRCS)))
UNIT_FAKE    := $(patsubst %.c,$(BUILD)/obj/%.o,\
	$(wildcard xenstored/plat/fake/*.c))
UNIT_WORLD   := $(BUILD)/unit/libfake.a
UNIT_LIBS    := $(CORE_LIBS) -lsubunit -lm -lrt -lpthread
UNIT_ALLOCS  := malloc calloc realloc _talloc_zero talloc_strdup \
	talloc_vasprintf_append_buffer
UNIT_WRAP    := $(UNIT_ALLOCS:%=-Wl,--wrap=%)
UNIT_CHECK   := $(BUILD)/unit/libcheck.a

# $(call unit-objs,<room>...): of the daemon
unit-objs = $(foreach r,$(1),$(filter $(BUILD)/obj/xenstored/$(r)/%,$(CORE_OBJS)))
UNIT_NEEDS_base  := $(call unit-objs,base)
UNIT_NEEDS_wire  := $(call unit-objs,base wire)
UNIT_NEEDS_state := $(call unit-objs,base wire state)
UNIT_NEEDS_store := $(call unit-objs,base wire state store)
UNIT_NEEDS_plat  := $(UNIT_WORLD)
UNIT_NEEDS_main  := $(UNIT_WORLD) $(BUILD)/libcore.a

# $(call unit-help,<room>): what its tests share, and all tests
unit-help = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter tests/unit/support/% \
	tests/unit/$(1)/%,$(filter-out tests/unit/$(1)/test_%,$(UNIT_SRCS))))

$(BUILD)/obj/tests/%.o: tests/%.c | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(DAEMON_CFLAGS) -Itests -MMD -MP -c -o $@ $<

# Check and the fake platform get their memory whatever a test lets fail.
UNIT_SPARE := objcopy $(foreach a,malloc calloc realloc,\
	--redefine-sym $(a)=__real_$(a))

$(UNIT_CHECK): | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@$(UNIT_SPARE) $$($(CC) -print-file-name=libcheck_pic.a) $@

$(UNIT_WORLD): $(UNIT_FAKE)
	@mkdir -p $(@D)
	@rm -f $@ && ar rcs $@ $^ && $(UNIT_SPARE) $@

define unit-room
$$(BUILD)/unit/$(1)/%: $$(BUILD)/obj/tests/unit/$(1)/%.o \
		$$(call unit-help,$(1)) $$(UNIT_NEEDS_$(1)) $$(UNIT_CHECK)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$$(CC) $$(CFLAGS) -fno-lto $$(UNIT_WRAP) -o $$@ $$^ $$(UNIT_LIBS)
endef
$(foreach r,$(UNIT_ROOMS),$(eval $(call unit-room,$(r))))

UNIT_DEPS := $(patsubst %.c,$(BUILD)/obj/%.d,$(UNIT_SRCS)) $(UNIT_FAKE:.o=.d)
-include $(UNIT_DEPS)
.SECONDARY: $(UNIT_DEPS:.d=.o)

# UNIT=store/test_stage: only the programs with that in their name
UNIT     ?=
UNIT_RUN := $(if $(UNIT),$(foreach b,$(UNIT_BINS),\
	$(if $(findstring $(UNIT),$(b)),$(b))),$(UNIT_BINS))

#: check-unit     unit tests (UNIT=store/test_stage: just this one)
.PHONY: check-unit run-unit
check-unit:
	@$(MAKE) --no-print-directory run-unit

# ASan leaves memory in quarantine and a red zone around it, so that what a
# test says of sizes in bytes is not its business.
run-unit: $(UNIT_RUN)
	@failed=; for t in $^; do $$t || failed="$$failed $$t"; done; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

#: check-sanitized  the same with the address and undefined sanitizers
.PHONY: check-sanitized
check-sanitized:
	@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	$(MAKE) --no-print-directory run-unit BUILD=$(BUILD)/asan \
		OPT="$(SANITIZE)" HARDEN=

#: cov            how much of the daemon the unit tests run, in percent
.PHONY: cov
cov:
	@rm -rf $(BUILD)/cov
	@$(MAKE) --no-print-directory run-unit BUILD=$(BUILD)/cov \
		OPT="-O0 -g --coverage" HARDEN= >$(BUILD)/cov.log
	@tools/lint/coverage $(BUILD)/cov/obj/xenstored
