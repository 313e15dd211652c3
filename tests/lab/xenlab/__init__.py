# SPDX-License-Identifier: GPL-2.0-only
"""A real Xen host under QEMU: see tests/lab/README.md."""
