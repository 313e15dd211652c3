# SPDX-License-Identifier: GPL-2.0-only
# The stub domain's C library (xenstored/plat/stubdom/libc), and what a program
# is compiled with to use it in place of the machine's.
#
# talloc is Debian's libtalloc.a as it is; of its package only the header is
# let in.

LIBC_DIR     := xenstored/plat/stubdom/libc
LIBC_SRCS    := $(wildcard $(LIBC_DIR)/*.c)
TALLOC_H     := $(BUILD)/stubdom/include/talloc.h
FREESTANDING = -ffreestanding -nostdinc -isystem $(LIBC_DIR)/include \
	-isystem $(dir $(TALLOC_H)) \
	-isystem $(shell $(CC) -print-file-name=include)

# These functions must not be recognised as what they are; clang has no option
# for that and needs none but -ffreestanding.
LIBC_CFLAGS  = -Wconversion $(if $(findstring clang,$(CC)),,\
	-fno-tree-loop-distribute-patterns)

$(TALLOC_H): | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@cp /usr/include/talloc.h $@

# For the tests, next to the machine's own library: every function is called
# libc_ and its name, and calls nobody but its like and xs_sys_*.
LIBC_OBJS    := $(LIBC_SRCS:%.c=$(BUILD)/obj/%.o)
LIBC_RENAMED := $(BUILD)/unit/libc-renamed.o

$(LIBC_OBJS): DAEMON_CFLAGS = $(CFLAGS) $(HARDEN) $(LIBC_CFLAGS) \
	$(FREESTANDING) -Ixenstored
# Symbols are renamed in the object, not in what is kept for the linker.
$(LIBC_OBJS): LTO :=

$(LIBC_RENAMED): $(LIBC_OBJS)
	@mkdir -p $(@D)
	@ld -r -o $@.all $(LIBC_OBJS)
	@nm --defined-only --extern-only $@.all | \
		awk '$$3 !~ /^xs_/ { print $$3, "libc_" $$3 }' > $@.names
	@objcopy --redefine-syms=$@.names $@.all $@

-include $(LIBC_OBJS:.o=.d)
UNIT_NEEDS_stubdom := $(LIBC_RENAMED)
