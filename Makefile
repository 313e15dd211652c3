# SPDX-License-Identifier: GPL-2.0-only
# `make` builds, `make check` proves, `make demo` shows; `make help` lists more.

BUILD := build
CACHE := $(or $(XSM_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/xsm)
export XSM_CACHE := $(CACHE)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

include mk/flags.mk
include mk/deps.mk
include mk/daemon.mk
include $(filter-out mk/flags.mk mk/deps.mk mk/daemon.mk,$(sort $(wildcard mk/*.mk)))

.PHONY: all help check clean
all: $(BUILD)/bin/xenstored

help:
	@sed -n 's/^#: //p' Makefile mk/*.mk

#: all            the daemon: build/bin/xenstored
#: check          every test; ends within an hour on a machine without caches
check: lint check-clang check-unit check-sanitized check-scenario \
	check-freeze check-confine check-live check-scenario-sanitized \
	check-peers check-failing check-hostile check-model check-fuzz \
	check-icount check-lab

#: clean          forgets what was built (caches outside the checkout stay)
clean:
	rm -rf $(BUILD)
