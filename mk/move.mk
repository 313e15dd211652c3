# SPDX-License-Identifier: GPL-2.0-only
# Transparent migration, on two emulated hosts with the patched hypervisor and
# toolstack.

MOVE := $(LAB) test
MOVE_ARGS = --our $(BUILD) --xenstored our --xen $(BUILD)/hv/xen.gz \
	--overlay $(OVERLAY) $(LAB_ARGS)

.PHONY: check-stream check-move
#: check-stream   what Xen's own verifier says to streams, right and wrong
check-stream: hv
	tests/records/verify-stream $(BUILD)/hv/tree

#: check-move     a guest that moves between two real hosts, unnoticed
check-move: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	$(MOVE) transparent $(MOVE_ARGS)

#: check-stock    a co-operative save is byte for byte Debian's
.PHONY: check-stock
check-stock: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/gtmctl
	$(MOVE) stock $(MOVE_ARGS)

check: check-stream check-move check-stock

#: check-faults   moves that fail or are disturbed, at each stage
.PHONY: check-faults
check-faults: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	$(MOVE) faults $(MOVE_ARGS)
	$(MOVE) faults2 $(MOVE_ARGS)

soak: check-faults

#: check-hvm      the same with guests that have a device model
.PHONY: check-hvm
check-hvm: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	$(MOVE) hvm $(MOVE_ARGS)
	$(MOVE) hvm32 $(MOVE_ARGS)

soak: check-hvm

#: check-matrix   guests of unusual kinds, and hosts with unlike uptimes
.PHONY: check-matrix
check-matrix: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	$(MOVE) matrix $(MOVE_ARGS)

#: check-hundred  a hundred moves of a guest with two processors
.PHONY: check-hundred
check-hundred: hv lab-image $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	$(MOVE) hundred $(MOVE_ARGS)

soak: check-matrix check-hundred

#: check-stubmove the same where xenstored is a domain of its own, on both hosts
#:                or on one
.PHONY: check-stubmove
check-stubmove: hv lab-image stubdom $(BUILD)/bin/xenstored $(BUILD)/bin/xsdump
	$(MOVE) stubmove $(MOVE_ARGS) --xenstored none
	$(MOVE) stubmix $(MOVE_ARGS)

soak: check-stubmove
