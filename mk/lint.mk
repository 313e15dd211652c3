# SPDX-License-Identifier: GPL-2.0-only
# What the compilers do not see: directions of dependencies, sizes, format.

#: lint           the rules in tools/lint/check
.PHONY: lint
lint: | $(DEPS_STAMP)
	@tools/lint/check
