# SPDX-License-Identifier: GPL-2.0-only
# The reader of migration streams and contexts (libxc-records/), with the
# hypervisor's own check of contexts compiled as it is there.

RECORDS_SRCS := $(wildcard libxc-records/src/*.c) \
	$(wildcard hv/files/xen/common/gtm/check*.c) xenstored/base/cursor.c
RECORDS_OBJS := $(RECORDS_SRCS:%.c=$(BUILD)/obj/%.o)
RECORDS_INC  := -Ihv/files/xen/include -Ilibxc-records/include

$(filter-out $(BUILD)/obj/xenstored/%,$(RECORDS_OBJS)): \
	DAEMON_CFLAGS := $(CFLAGS) -Wconversion $(HARDEN) $(RECORDS_INC) -Ixenstored

$(BUILD)/libxcrecords.a: $(RECORDS_OBJS)
	@rm -f $@
	@ar rcs $@ $^

-include $(RECORDS_OBJS:.o=.d)

.PHONY: lib-records
lib-records: $(BUILD)/libxcrecords.a

# Its unit tests; mk/unit.mk makes them with the others.
UNIT_NEEDS_records := $(RECORDS_OBJS)
$(BUILD)/obj/tests/unit/records/%.o: DAEMON_CFLAGS += $(RECORDS_INC)

#: check-records  unit tests of the reader of migration streams
.PHONY: check-records
check-records:
	@$(MAKE) --no-print-directory run-unit UNIT=records/

# Its fuzz targets and their seeds.
FUZZ_TARGETS += gtm stream
FUZZ_RECORDS := $(patsubst %.c,$(BUILD)/obj/%.o,tests/fuzz/fuzz_gtm.c \
	tests/fuzz/fuzz_stream.c tests/fuzz/seeds_records.c)

$(FUZZ_RECORDS): DAEMON_CFLAGS += $(RECORDS_INC)
$(BUILD)/bin/fuzz_gtm $(BUILD)/bin/fuzz_stream: $(BUILD)/bin/fuzz_%: \
		$(BUILD)/obj/tests/fuzz/fuzz_%.o \
		$(BUILD)/obj/tests/fuzz/properties.o \
		$(BUILD)/libxcrecords.a $(BUILD)/libxsstate.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^

$(BUILD)/bin/seeds_records: $(BUILD)/obj/tests/fuzz/seeds_records.o \
		$(BUILD)/obj/tests/unit/records/sample.o $(BUILD)/libxcrecords.a
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -o $@ $^

fuzz-seeds: fuzz-seeds-records
.PHONY: fuzz-seeds-records
fuzz-seeds-records: $(BUILD)/bin/seeds_records
	@mkdir -p tests/fuzz/corpus/gtm tests/fuzz/corpus/stream \
		tests/fuzz/corpus/save
	@$(BUILD)/bin/seeds_records tests/fuzz/corpus
