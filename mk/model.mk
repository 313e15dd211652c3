# SPDX-License-Identifier: GPL-2.0-only
# Random cases against a reference model (tests/model).

MODEL_SECONDS ?= 70
MODEL_SEED    ?= 1

.PHONY: check-model
#: check-model    MODEL_SECONDS of random cases, each compared with a model
check-model: $(SHIM) $(BUILD)/bin/xenstored
	$(SCENARIO_RUN) --daemon ours --binary $(BUILD)/bin/xenstored \
		tests/model/found.xst
	tests/model/run --shim $(SHIM) --binary $(BUILD)/bin/xenstored \
		--seconds $(MODEL_SECONDS) --seed $(MODEL_SEED)
