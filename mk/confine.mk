# SPDX-License-Identifier: GPL-2.0-only
# What a running daemon has given up (xenstored/plat/linux/confine.c).  The
# program that tries is also run by check-live and check-lab, as what a daemon
# is told to update itself to.

$(PROBE): tests/confine/probe.c xenstored/plat/linux/confine.c \
		xenstored/plat/linux/confine.h $(FILTER) | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) $(CFLAGS) -Ixenstored -I$(BUILD)/gen -o $@ $(filter %.c,$^)

#: check-confine  what is forbidden is refused, and only to the confined
.PHONY: check-confine
check-confine: $(PROBE)
	@tests/confine/run $(PROBE)
