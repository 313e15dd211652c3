# SPDX-License-Identifier: GPL-2.0-only
# One domain's state from one daemon to another (tests/freeze).

.PHONY: check-freeze
#: check-freeze   a domain frozen at one daemon and thawed at another
check-freeze: $(SHIM) $(BUILD)/bin/xenstored
	@BUILD=$(BUILD) tests/freeze/run
