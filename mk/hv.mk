# SPDX-License-Identifier: GPL-2.0-only
# The patched hypervisor and toolstack, made from Debian's source package.
# What is built is kept outside the checkout by the hash of all that goes in.

XEN_VERSION ?= 4.17.5+72-g01140da4e8-1
XEN_CACHE   := $(CACHE)/xen
HV_PACKAGES := $(shell sed 's/\#.*//' hv/packages.txt)

hv_key     = $(shell { hv/tools/series key hv; cat hv/tools/build; \
	echo $(XEN_VERSION); } | sha256sum | cut -c1-16)
tools_key  = $(shell { hv/tools/series key hv libxc-records; \
	cat hv/tools/build; echo $(XEN_VERSION); } | sha256sum | cut -c1-16)
HV_OUT    := $(XEN_CACHE)/hv-$(hv_key)
TOOLS_OUT := $(XEN_CACHE)/tools-$(tools_key)
OVERLAY   := $(BUILD)/hv/overlay

.PHONY: hv hv-packages hv-series check-series
#: hv             the patched hypervisor and toolstack: build/hv
hv: hv-packages
	@hv/tools/build hv "$(XEN_VERSION)" "$(XEN_CACHE)" "$(HV_OUT)"
	@hv/tools/build tools "$(XEN_VERSION)" "$(XEN_CACHE)" "$(TOOLS_OUT)"
	@mkdir -p $(BUILD)/hv
	@ln -sfn "$(HV_OUT)/xen.gz" $(BUILD)/hv/xen.gz
	@ln -sfn "$(HV_OUT)/xen-debug.gz" $(BUILD)/hv/xen-debug.gz
	@ln -sfn "$(TOOLS_OUT)/tree" $(BUILD)/hv/tree
	@tests/lab/overlay $(BUILD)/hv/tree $(OVERLAY)
	@hv/tools/sweep "$(XEN_CACHE)" "$(HV_OUT)" "$(TOOLS_OUT)"

hv-packages:
	@mk/install-packages $(HV_PACKAGES)

#: hv-series      both series as complete patches for git am: build/hv-series
hv-series:
	@rm -rf $(BUILD)/hv-series
	@hv/tools/series export $(BUILD)/hv-series hv libxc-records

lint: check-series
check-series:
	@hv/tools/series check hv libxc-records
