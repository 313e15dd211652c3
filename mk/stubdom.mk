# SPDX-License-Identifier: GPL-2.0-only
# The daemon as a domain of its own: a PVH kernel, to be started with
# init-xenstore-domain (docs/stubdom.md).  The core is compiled once more, from
# the same sources with another C library; nothing of the host's is linked but
# libtalloc.a and the compiler's own helpers.

STUBDOM      := $(BUILD)/stubdom
STUBDOM_DIR  := xenstored/plat/stubdom
STUBDOM_SRCS := $(CORE_SRCS) xenstored/main/options.c xenstored/main/usage.c \
	xenstored/main/stubdom.c $(wildcard $(STUBDOM_DIR)/*.c) \
	$(wildcard $(STUBDOM_DIR)/libc/*.c)
STUBDOM_ASM  := $(wildcard $(STUBDOM_DIR)/*.S)
STUBDOM_OBJS := $(STUBDOM_SRCS:%.c=$(STUBDOM)/obj/%.o) \
	$(STUBDOM_ASM:%.S=$(STUBDOM)/obj/%.o)

# Headers: the compiler's own, our C library's (mk/libc.mk), talloc's and Xen's;
# no others.  __XEN_TOOLS__ is how Xen's headers call for today's interface.
STUBDOM_XEN  := $(STUBDOM)/include/xen
STUBDOM_CPP   = $(FREESTANDING) -Ixenstored -D__XEN_TOOLS__
# Backtraces want frame pointers.
STUBDOM_CFLAGS = $(CSTD) $(OPT) $(WARN) $(STUBDOM_CPP) -fno-pie \
	-fno-omit-frame-pointer -fstack-protector-strong \
	-fno-asynchronous-unwind-tables -fcf-protection=none $(STUBDOM_EXTRA)
STUBDOM_LINK  = $(CC) -nostdlib -static -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings
STUBDOM_LIBS := -l:libtalloc.a -lgcc

$(STUBDOM)/obj/$(LIBC_DIR)/%.o: STUBDOM_EXTRA = $(LIBC_CFLAGS)

$(STUBDOM_XEN): | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@ln -sfn /usr/include/xen $@

$(STUBDOM)/obj/%.o: %.c | $(STUBDOM_XEN) $(TALLOC_H)
	@mkdir -p $(@D)
	@echo "  CC    $< (stubdom)"
	@$(CC) $(STUBDOM_CFLAGS) -MMD -MP -c -o $@ $<

$(STUBDOM)/obj/%.o: %.S | $(STUBDOM_XEN)
	@mkdir -p $(@D)
	@echo "  AS    $<"
	@$(CC) $(STUBDOM_CPP) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(STUBDOM)/link.lds: $(STUBDOM_DIR)/stubdom.lds $(STUBDOM_DIR)/layout.h
	@mkdir -p $(@D)
	@$(CC) -E -P -x c -Ixenstored -o $@ $<

# Linked twice: the second time with the names of what the first one placed.
$(STUBDOM)/nameless: $(STUBDOM_OBJS) $(STUBDOM)/link.lds tools/stubdom/symbols
	@tools/stubdom/symbols > $@.S
	@$(STUBDOM_LINK) -T $(STUBDOM)/link.lds -o $@ $@.S $(STUBDOM_OBJS) \
		$(STUBDOM_LIBS)

$(STUBDOM)/xenstored-stubdom: $(STUBDOM)/nameless
	@echo "  LINK  $@"
	@tools/stubdom/symbols $< > $@.S
	@$(STUBDOM_LINK) -T $(STUBDOM)/link.lds -o $@.full $@.S $(STUBDOM_OBJS) \
		$(STUBDOM_LIBS)
	@tools/stubdom/symbols $@.full | cmp - $@.S
	@strip -o $@ $@.full

-include $(STUBDOM_OBJS:.o=.d)

# What the loader takes, and what must not be in it (part of check-unit).
.PHONY: check-image
check-unit: check-image
check-image: $(STUBDOM)/xenstored-stubdom
	@tests/stubdom/image $< $<.full

#: stubdom        the daemon as a PVH kernel: build/stubdom/xenstored-stubdom
.PHONY: stubdom
stubdom: $(STUBDOM)/xenstored-stubdom

# Parts that do without a processor of their own are tested like others, on a
# hypervisor that is pretended (tests/unit/stubdom/fakexen.c).
STUBDOM_PURE := $(BUILD)/unit/libstubdom.a
STUBDOM_PURE_OBJS := $(patsubst %,$(BUILD)/obj/$(STUBDOM_DIR)/%.o,elf event fifo \
	symbol window)
UNIT_NEEDS_stubdom += $(STUBDOM_PURE)
$(STUBDOM_PURE): $(STUBDOM_PURE_OBJS)
	@mkdir -p $(@D)
	@rm -f $@ && ar rcs $@ $^

-include $(STUBDOM_PURE_OBJS:.o=.d)

.PHONY: check-clang-stubdom
check-clang: check-clang-stubdom
check-clang-stubdom: | $(DEPS_STAMP)
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang \
		stubdom > /dev/null

#: check-stubdom  the stub domain as the only xenstored of a real Xen host
.PHONY: check-stubdom
check: check-stubdom
check-stubdom: lab-image stubdom $(BUILD)/bin/ringtool $(BUILD)/bin/crowd \
		$(BUILD)/bin/xsdump
	$(LAB) test stubdom --our $(BUILD) --xenstored none $(LAB_ARGS)

# The tool of dom0 that has a new domain take over, linked to Debian's Xen.
REPLACE      := $(BUILD)/bin/xenstore-domain-replace
REPLACE_OBJS := $(patsubst %.c,$(BUILD)/obj/%.o,\
	$(wildcard tools/stubdom/replace/*.c) xenstored/state/crc32c.c)

$(BUILD)/obj/tools/stubdom/replace/%.o: DAEMON_CFLAGS = $(CFLAGS) $(HARDEN) \
	-Ixenstored -D_GNU_SOURCE -D__XEN_TOOLS__

$(REPLACE): $(REPLACE_OBJS)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(OPT) -pie -Wl,-z,relro,-z,now -o $@ $^ -lxenctrl -lxenguest \
		-lxenforeignmemory -lxenstore

stubdom: $(REPLACE)

-include $(REPLACE_OBJS:.o=.d)

# What the suite does from dom0 to guests' rings; guests that are no more than
# a ring.
RINGTOOL := $(BUILD)/bin/ringtool
CROWD    := $(BUILD)/bin/crowd
$(BUILD)/obj/tests/stubdom/%.o: DAEMON_CFLAGS = $(CFLAGS) $(HARDEN) \
	-D__XEN_TOOLS__
$(RINGTOOL): $(BUILD)/obj/tests/stubdom/ring.o
$(CROWD): $(BUILD)/obj/tests/stubdom/crowd.o
$(RINGTOOL) $(CROWD):
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(OPT) -pie -Wl,-z,relro,-z,now -o $@ $^ -lxenctrl -lxenguest \
		-lxenforeignmemory -lxenevtchn -lxengnttab -lxenstore
