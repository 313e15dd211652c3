# SPDX-License-Identifier: GPL-2.0-only
# The lab: an emulated Xen host (tests/lab/README.md).  LAB_ARGS adds options
# to the two that run one.

LAB          := tests/lab/lab
LAB_PACKAGES := $(shell sed 's/\#.*//' tests/lab/host-packages.txt)
LAB_ARGS     ?=

.PHONY: lab-image check-lab demo
#: lab-image      makes the emulated host, once a machine
lab-image:
	@mk/install-packages $(LAB_PACKAGES)
	@$(LAB) build

#: check-lab      our daemon as the only xenstored of a real Xen host
check-lab: lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump $(PROBE)
	$(LAB) test daemon --our $(BUILD) --xenstored our $(LAB_ARGS)
	$(LAB) test freeze --our $(BUILD) --xenstored our $(LAB_ARGS)
	$(LAB) test live --our $(BUILD) --xenstored debian-c $(LAB_ARGS)
	$(LAB) test live --our $(BUILD) --xenstored debian-ocaml $(LAB_ARGS)

#: demo           a guest moves to another host and does not notice; a picture
demo: lab-image hv $(BUILD)/bin/xenstored
	@$(LAB) demo --our $(BUILD) --xenstored our --xen $(BUILD)/hv/xen.gz \
		--overlay $(OVERLAY) $(LAB_ARGS)

#: check-timeline the parts of the demo that need no host
.PHONY: check-timeline
lint: check-timeline
check-timeline:
	@tests/lab/test_timeline.py --quiet
