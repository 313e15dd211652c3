# SPDX-License-Identifier: GPL-2.0-only
# The codec of state streams as a library, for whoever wants to read one.

STATE_SRCS := $(wildcard xenstored/state/*.c) xenstored/base/cursor.c \
	      xenstored/base/map.c
STATE_OBJS := $(STATE_SRCS:%.c=$(BUILD)/obj/%.o)

$(filter $(BUILD)/obj/xenstored/state/%,$(STATE_OBJS)): WARN += -Wconversion

$(BUILD)/libxsstate.a: $(STATE_OBJS)
	@rm -f $@
	@ar rcs $@ $^

.PHONY: lib-state
lib-state: $(BUILD)/libxsstate.a
