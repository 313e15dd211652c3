# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages listed in mk/packages.txt, once.  Every target
# that compiles or runs something depends on $(DEPS_STAMP).

DEPS_STAMP := $(BUILD)/.deps-$(firstword $(shell sha256sum mk/packages.txt))
PACKAGES   := $(shell sed 's/\#.*//' mk/packages.txt)

.PHONY: deps
deps: $(DEPS_STAMP)

$(DEPS_STAMP):
	@mk/install-packages $(PACKAGES)
	@mkdir -p $(@D) && touch $@
