# SPDX-License-Identifier: GPL-2.0-only
"""The scenario runner, see ../README.md."""
