# SPDX-License-Identifier: GPL-2.0-only
# Every allocation and every call of the system failing in turn, over all
# scenarios (tests/failing).  The daemon's own objects, sanitized, linked with
# wrappers around what they call; nothing of it is in the product.

FAILING       := $(BUILD)/failing/xenstored
FAILING_WRAPS := $(shell sed -n 's/^WRAP.[^,]*, \([a-z_0-9]*\),.*/\1/p' \
	tests/failing/faults.c) epoll_ctl
FAILING_ARGS  ?=

# Built as the sanitized daemon is: BUILD is build/asan then.
$(FAILING): $(LINUX_OBJS) $(BUILD)/libcore.a tests/failing/faults.c
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(CSTD) $(OPT) $(TEST_WARN) -pie $(FAILING_WRAPS:%=-Wl,--wrap=%) \
		-o $@ $^ $(XEN_LIBS) $(CORE_LIBS)

.PHONY: check-failing failing-every
#: check-failing  one failure at each place that allocates or asks the system
check-failing: $(SHIM) $(BUILD)/bin/xenstored
	@$(MAKE) --no-print-directory $(BUILD)/asan/failing/xenstored \
		BUILD=$(BUILD)/asan OPT="$(SANITIZE)" HARDEN=
	tests/failing/run --shim $(SHIM) \
		--binary $(BUILD)/asan/failing/xenstored $(FAILING_ARGS)
	tests/freeze/faults --shim $(SHIM) \
		--binary $(BUILD)/asan/failing/xenstored

#: failing-every  the same for each call, not just each place: for hours
failing-every:
	@$(MAKE) --no-print-directory check-failing \
		FAILING_ARGS="--every $(FAILING_ARGS)"
