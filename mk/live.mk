# SPDX-License-Identifier: GPL-2.0-only
# Live updates between our daemon and Debian's (tests/live).

LIVE_ARGS = --shim $(SHIM) --binary $(BUILD)/bin/xenstored
LIVE      ?=

.PHONY: check-live bench-live
#: check-live     live updates, to and from Debian's daemons (LIVE=ours-c/: some)
check-live: $(SHIM) $(BUILD)/bin/xenstored $(PROBE)
	tests/live/run $(LIVE_ARGS) --probe $(PROBE) $(if $(LIVE),-c $(LIVE))

#: bench-live     how long nobody is answered while 100,000 nodes change hands
bench-live: $(SHIM) $(BUILD)/bin/xenstored
	tests/live/bench $(LIVE_ARGS)
