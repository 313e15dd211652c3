# SPDX-License-Identifier: GPL-2.0-only
# The core's unit tests once more, with what is in the stub domain: the very
# objects of the core, libtalloc.a and our C library.  The machine's library is
# there for Check and the fake platform only; whatever core and tests hand each
# other comes from our heap.

LIBC_UNIT  := $(BUILD)/unit-libc
LIBC_ROOMS := base wire state store main small
LIBC_BINS  := $(patsubst tests/unit/%.c,$(LIBC_UNIT)/%,\
	$(filter $(LIBC_ROOMS:%=tests/unit/%/test_%),$(UNIT_SRCS)))
# The kernel is linked where it is loaded, so are these.
LIBC_LINK   = $(CC) $(CFLAGS) -fno-lto -no-pie

# As in mk/unit.mk some allocations of core and tests fail, now of libc_malloc
# and so on; talloc's own do not.
LIBC_HEAP  := malloc calloc realloc
LIBC_WRAP  := $(UNIT_WRAP) $(LIBC_HEAP:%=-Wl,--wrap=libc_%)
LIBC_FAILS := $(foreach a,$(LIBC_HEAP),--redefine-sym __wrap_$(a)=__wrap_libc_$(a) \
	--redefine-sym __real_$(a)=__real_libc_$(a))
LIBC_TESTS := $(foreach a,$(LIBC_HEAP) strdup,--redefine-sym $(a)=libc_$(a)) \
	--redefine-sym free=system_free
LIBC_SPARE := $(foreach a,$(LIBC_HEAP),--redefine-sym libc_$(a)=__real_libc_$(a))

$(LIBC_UNIT)/core.a: $(CORE_SRCS:%.c=$(STUBDOM)/obj/%.o) $(LIBC_RENAMED)
	@mkdir -p $(@D)
	@rm -f $@.all && ar rcs $@.all $(filter-out $(LIBC_RENAMED),$^)
	@objcopy --redefine-syms=$(LIBC_RENAMED).names $@.all $@

$(LIBC_UNIT)/talloc.a: $(LIBC_RENAMED)
	@mkdir -p $(@D)
	@objcopy --redefine-syms=$(LIBC_RENAMED).names \
		$$($(CC) -print-file-name=libtalloc.a) $@.all
	@objcopy $(LIBC_SPARE) $@.all $@

$(LIBC_UNIT)/obj/%.o: $(BUILD)/obj/tests/unit/%.o
	@mkdir -p $(@D)
	@objcopy $(LIBC_TESTS) $(LIBC_FAILS) $< $@

# tests/unit/small: the daemon in little memory, which has no other link
LIBC_HELP_small := $(LIBC_UNIT)/obj/main/rig.o $(BUILD)/obj/tests/unit/stubdom/heap_check.o

define libc-room
$$(LIBC_UNIT)/$(1)/%: $$(LIBC_UNIT)/obj/$(1)/%.o \
		$$(patsubst $$(BUILD)/obj/tests/unit/%,$$(LIBC_UNIT)/obj/%,\
			$$(call unit-help,$(1))) $$(LIBC_HELP_$(1)) \
		$$(BUILD)/obj/tests/unit/stubdom/system.o $$(UNIT_WORLD) \
		$$(LIBC_UNIT)/core.a $$(LIBC_UNIT)/talloc.a $$(LIBC_RENAMED) \
		$$(UNIT_CHECK)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$$(LIBC_LINK) $$(LIBC_WRAP) -o $$@ $$^ \
		$$(filter-out -ltalloc,$$(UNIT_LIBS))
endef
$(foreach r,$(LIBC_ROOMS),$(eval $(call libc-room,$(r))))
.SECONDARY: $(UNIT_SRCS:tests/unit/%.c=$(LIBC_UNIT)/obj/%.o)

#: check-unit-libc  the core's unit tests as it is in the stub domain
.PHONY: check-unit-libc
check-unit-libc: $(LIBC_BINS)
	@failed=; for t in $^; do $$t || failed="$$failed $$t"; done; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }
check: check-unit-libc
