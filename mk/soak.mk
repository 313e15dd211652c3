# SPDX-License-Identifier: GPL-2.0-only
# What takes too long for `make check`, run by hand before something is called
# done: the same tests over and over, and the random ones for longer.

SOAK_ROUNDS  ?= 5
SOAK_HOSTILE ?= 600
SOAK_MODEL   ?= 1800
SOAK_HOURS   ?= 1

.PHONY: soak
#: soak           SOAK_ROUNDS of everything that is quick, then the random
#:                tests for SOAK_HOSTILE seconds and SOAK_HOURS; every single
#:                call failing in between, which takes hours
soak:
	@for round in $$(seq $(SOAK_ROUNDS)); do \
		echo "soak: round $$round of $(SOAK_ROUNDS)"; \
		$(MAKE) --no-print-directory check-sanitized check-scenario \
			check-scenario-sanitized check-freeze check-live \
			check-lab || exit 1; \
	done
	@$(MAKE) --no-print-directory check-failing FAILING_ARGS="--once case"
	@$(MAKE) --no-print-directory check-failing \
		FAILING_ARGS="--once case --more 5"
	@$(MAKE) --no-print-directory failing-every
	@$(MAKE) --no-print-directory check-hostile \
		HOSTILE_SECONDS=$(SOAK_HOSTILE)
	@$(MAKE) --no-print-directory check-model \
		MODEL_SECONDS=$(SOAK_MODEL) MODEL_SEED=$$(date +%s)
	@$(MAKE) --no-print-directory fuzz HOURS=$(SOAK_HOURS)
