# SPDX-License-Identifier: GPL-2.0-only
# Behaviour tests: the pretended Xen (tests/shim), the scenarios (tests/
# scenario) and the hostile traffic (tests/hostile).

HOSTILE		:= $(BUILD)/tests/hostile
HOSTILE_SECONDS	?= 60
TEST_WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes

$(SHIM): tests/shim/xenshim.c tests/shim/xenshim.h | $(DEPS_STAMP)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g $(TEST_WARN) -fPIC -shared -Itests \
		-o $@ tests/shim/xenshim.c -ldl

SCENARIO_RUN := tests/scenario/run --shim $(SHIM)

.PHONY: check-scenario check-peers check-hostile

#: check-scenario every scenario against our daemon
check-scenario: $(SHIM) $(BUILD)/bin/xenstored
	$(SCENARIO_RUN) --daemon ours --binary $(BUILD)/bin/xenstored

#: check-peers    the same against Debian's two daemons, and what differs
check-peers: $(SHIM)
	$(SCENARIO_RUN) --daemon c
	$(SCENARIO_RUN) --daemon ocaml

HOSTILE_SRC := $(wildcard tests/hostile/*.c)

$(HOSTILE): $(HOSTILE_SRC) tests/hostile/world.h tests/shim/xenshim.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g $(TEST_WARN) -pthread -Itests -o $@ \
		$(HOSTILE_SRC)

#: check-hostile  HOSTILE_SECONDS of hostile traffic against our daemon
check-hostile: $(SHIM) $(HOSTILE) $(BUILD)/bin/xenstored
	$(HOSTILE) -t $(HOSTILE_SECONDS) $(CURDIR)/$(SHIM) \
		$(CURDIR)/$(BUILD)/bin/xenstored
