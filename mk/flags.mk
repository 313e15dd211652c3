# SPDX-License-Identifier: GPL-2.0-only
# How C is compiled here.

CC      ?= gcc
OPT     ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Werror
CSTD    := -std=gnu11
HARDEN  := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS  := $(CSTD) $(OPT) $(WARN)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	   -fno-omit-frame-pointer -O1 -g

# What stands in for Xen in tests without one (tests/shim).
SHIM     := $(BUILD)/tests/xenshim.so

# Tries what a running daemon must not be able to do (tests/confine).
PROBE    := $(BUILD)/tests/confine/probe
