# SPDX-License-Identifier: GPL-2.0-only
# One domain's state from one daemon to another (tests/freeze).

.PHONY: check-freeze
#: check-freeze   a domain frozen at one daemon and thawed at another
check-freeze: $(SHIM) $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	@BUILD=$(BUILD) tests/freeze/run

# Whoever looks for leaks at the end traces the daemon to do so.
#: check-scenario-sanitized  scenarios and freeze against a sanitized daemon
.PHONY: check-scenario-sanitized
check-scenario-sanitized: $(SHIM) $(BUILD)/bin/xsdump
	@$(MAKE) --no-print-directory $(BUILD)/asan/bin/xenstored \
		BUILD=$(BUILD)/asan OPT="$(SANITIZE)" HARDEN=
	$(SCENARIO_RUN) --daemon ours --binary $(BUILD)/asan/bin/xenstored \
		--option=--no-confine
	@BUILD=$(BUILD) tests/freeze/run --binary $(BUILD)/asan/bin/xenstored \
		--option=--no-confine
