# SPDX-License-Identifier: GPL-2.0-only
# The daemon.  Its core, all rooms but plat/ and main.c, is one archive that
# the tests link as well; a platform is chosen when linking.

ROOMS     := base wire state store conn freeze live protocol
CORE_SRCS := $(foreach r,$(ROOMS),$(wildcard xenstored/$(r)/*.c)) \
	     xenstored/main/server.c
LINUX_SRCS := $(wildcard xenstored/plat/linux/*.c) \
	     $(filter-out xenstored/main/server.c \
	     xenstored/main/stubdom.c,$(wildcard xenstored/main/*.c))

CORE_OBJS  := $(CORE_SRCS:%.c=$(BUILD)/obj/%.o)
LINUX_OBJS := $(LINUX_SRCS:%.c=$(BUILD)/obj/%.o)
XEN_LIBS   := -lxenevtchn -lxengnttab -lxenctrl
CORE_LIBS  := -ltalloc
DAEMON_CFLAGS := $(CFLAGS) $(HARDEN) -Ixenstored -I$(BUILD)/gen

# Rooms are many small files: optimising across them saves the daemon a seventh
# of its instructions.  Objects stay usable without it, for the tests.
LTO := $(if $(filter -O2,$(OPT)),$(if $(findstring gcc,$(shell \
	$(CC) -v 2>&1 | tail -n 1)),-flto=auto -ffat-lto-objects))

# Objects are as old as the flags they were made with.  A checkout that has
# none noted yet is believed.
FLAGS_NOW   = $(CC) $(CFLAGS) $(HARDEN) $(LTO)
FLAGS_STAMP := $(BUILD)/obj/flags
.PHONY: flags-now
$(FLAGS_STAMP): flags-now
	@mkdir -p $(@D)
	@if [ ! -e $@ ]; then echo '$(FLAGS_NOW)' >$@; touch -d @1 $@; \
	elif [ '$(FLAGS_NOW)' != "$$(cat $@)" ]; then echo '$(FLAGS_NOW)' >$@; fi

$(BUILD)/obj/%.o: %.c $(FLAGS_STAMP) | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(DAEMON_CFLAGS) $(LTO) -MMD -MP -c -o $@ $<

# The filter of system calls is worked out here, not whenever a daemon starts.
FILTER := $(BUILD)/gen/plat/linux/filter.inc
$(FILTER): xenstored/plat/linux/filter/generate.c \
		xenstored/plat/linux/filter.h | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	@$(CC) $(CFLAGS) -Ixenstored -o $(@:.inc=) $< -lseccomp
	@$(@:.inc=) >$@
$(BUILD)/obj/xenstored/plat/linux/confine.o: $(FILTER)

$(BUILD)/libcore.a: $(CORE_OBJS)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/bin/xenstored: $(LINUX_OBJS) $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(OPT) $(LTO) -pie -Wl,-z,relro,-z,now -o $@ $^ $(XEN_LIBS) $(CORE_LIBS)

-include $(CORE_OBJS:.o=.d) $(LINUX_OBJS:.o=.d)

#: check-clang    compiles the daemon with clang as well
.PHONY: check-clang
check-clang: | $(DEPS_STAMP)
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang \
		$(BUILD)/clang/bin/xenstored >/dev/null
	@echo "clang: the daemon compiles without a warning"
