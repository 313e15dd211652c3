# SPDX-License-Identifier: GPL-2.0-only
# How fast it is (tests/bench): against Debian's two daemons, and in counts of
# instructions that do not depend on the machine's mood.

BENCH_DRIVER := $(BUILD)/tests/bench-driver
BENCH_ECHO   := $(BUILD)/tests/bench-echo
BENCH_HEADERS := tests/bench/bench.h tests/shim/xenshim.h
BENCH_CC = $(CC) -std=gnu11 -O2 -g $(TEST_WARN) -pthread -Itests
BENCH_ARGS ?=
BENCH     := tests/bench/bench --build $(BUILD)

BENCH_SRCS := $(filter-out tests/bench/echo.c,$(wildcard tests/bench/*.c))
$(BENCH_DRIVER): $(BENCH_SRCS) $(BENCH_HEADERS) | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(BENCH_CC) -o $@ $(BENCH_SRCS)

$(BENCH_ECHO): tests/bench/echo.c $(BENCH_HEADERS) | $(DEPS_STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(BENCH_CC) -o $@ tests/bench/echo.c

BENCH_NEEDS := $(BENCH_DRIVER) $(BENCH_ECHO) $(SHIM) $(BUILD)/bin/xenstored

.PHONY: bench bench-quick check-icount bench-packages
# Every figure once, then again as long as that lasts; alone on its machine.
BENCH_MINUTES ?= 27

#: bench          measures against Debian's daemons and writes docs/performance
bench: $(BENCH_NEEDS) bench-packages
	$(BENCH) run --minutes $(BENCH_MINUTES) $(BENCH_ARGS)
	$(BENCH) report --docs docs

#: bench-quick    the same once and short, into build/bench; for developing
bench-quick: $(BENCH_NEEDS) bench-packages
	$(BENCH) run --quick $(BENCH_ARGS)
	$(BENCH) report

#: check-icount   instructions for each kind of request, against what was
check-icount: $(BENCH_NEEDS) bench-packages
	$(BENCH) icount

bench-packages:
	@mk/install-packages valgrind strace
