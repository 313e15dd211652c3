# SPDX-License-Identifier: GPL-2.0-only
# The patched hypervisor under hostile contexts: gtmctl asks it from dom0.

XEN_TREE     := $(BUILD)/hv/tree
GTMCTL_LIB   := $(XEN_TREE)/tools/libs/ctrl
GTMCTL_OBJS  := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/hv/*.c))

# Headers and libraries are those of the tree, not of the machine.
$(GTMCTL_OBJS): DAEMON_CFLAGS = $(CFLAGS) $(HARDEN) -Itests \
	-isystem $(XEN_TREE)/tools/include $(RECORDS_INC) \
	-DXC_WANT_COMPAT_MAP_FOREIGN_API
$(GTMCTL_OBJS): | hv

$(BUILD)/bin/gtmctl: $(GTMCTL_OBJS) $(BUILD)/obj/tests/unit/records/sample.o \
		$(BUILD)/libxcrecords.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(OPT) -pie -Wl,-z,relro,-z,now -o $@ $^ \
		$(GTMCTL_LIB)/libxenctrl.so.4.17.0 \
		-Wl,--allow-shlib-undefined

-include $(GTMCTL_OBJS:.o=.d)

#: check-hv       hostile contexts and a guest on the hypervisor with assertions
.PHONY: check-hv
check-hv: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/gtmctl
	$(LAB) test hv --our $(BUILD) --xenstored our \
		--xen $(BUILD)/hv/xen-debug.gz --overlay $(OVERLAY) $(LAB_ARGS)

check: check-hv

soak: soak-hv
.PHONY: soak-hv
soak-hv:
	@LAB_CONTEXTS=40000 $(MAKE) --no-print-directory check-hv
