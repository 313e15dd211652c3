# SPDX-License-Identifier: GPL-2.0-only
# The codec of state streams as a library, for whoever wants to read one, and
# xsdump, which reads migration streams as well (mk/records.mk).

STATE_SRCS := $(wildcard xenstored/state/*.c) xenstored/base/cursor.c \
	      xenstored/base/map.c
STATE_OBJS := $(STATE_SRCS:%.c=$(BUILD)/obj/%.o)

$(filter $(BUILD)/obj/xenstored/state/%,$(STATE_OBJS)): WARN += -Wconversion

$(BUILD)/libxsstate.a: $(STATE_OBJS)
	@rm -f $@
	@ar rcs $@ $^

.PHONY: lib-state
lib-state: $(BUILD)/libxsstate.a

#: xsdump         looks into states: build/bin/xsdump
XSDUMP_SRCS := $(wildcard tools/xsdump/*.c)
XSDUMP_OBJS := $(XSDUMP_SRCS:%.c=$(BUILD)/obj/%.o) \
	$(BUILD)/obj/xenstored/base/base64.o
XSDUMP_LIBS := -ljansson -ltdb -lxenstore

$(filter $(BUILD)/obj/tools/%,$(XSDUMP_OBJS)): DAEMON_CFLAGS := $(CFLAGS) $(HARDEN) -D_GNU_SOURCE -Ixenstored \
	-Itools/xsdump $(RECORDS_INC)

$(BUILD)/bin/xsdump: $(XSDUMP_OBJS) $(BUILD)/libxcrecords.a $(BUILD)/libxsstate.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(XSDUMP_LIBS)

-include $(XSDUMP_OBJS:.o=.d)
all: $(BUILD)/bin/xsdump
.PHONY: xsdump
xsdump: $(BUILD)/bin/xsdump

# The manual page and the completion, from the table of commands.
.PHONY: xsdump-docs check-state check-xsdump
xsdump-docs: $(BUILD)/bin/xsdump
	$(BUILD)/bin/xsdump --man > docs/man/xsdump.1
	$(BUILD)/bin/xsdump --completion > docs/man/xsdump.bash

#: check-xsdump   xsdump as an operator uses it
check-xsdump: $(BUILD)/bin/xsdump
	@tests/xsdump/run $(BUILD)/bin/xsdump

#: check-state    unit tests of the codec, and xsdump
check-state: check-xsdump
	@$(MAKE) --no-print-directory run-unit UNIT=state/

check: check-xsdump

# Two more fuzz targets: what xsdump reads besides streams.
FUZZ_TARGETS += json save
FUZZ_XSDUMP  := $(filter-out %/main.o,$(XSDUMP_OBJS))

$(BUILD)/obj/tests/fuzz/fuzz_json.o $(BUILD)/obj/tests/fuzz/fuzz_save.o: \
	DAEMON_CFLAGS += -D_GNU_SOURCE -Itools -Itools/xsdump $(RECORDS_INC)
$(BUILD)/bin/fuzz_json $(BUILD)/bin/fuzz_save: $(BUILD)/bin/fuzz_%: \
		$(BUILD)/obj/tests/fuzz/fuzz_%.o \
		$(BUILD)/obj/tests/fuzz/properties.o \
		$(FUZZ_XSDUMP) $(BUILD)/libxcrecords.a $(BUILD)/libxsstate.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(XSDUMP_LIBS)
