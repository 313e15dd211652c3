# SPDX-License-Identifier: GPL-2.0-only
"""Writes initramfs archives (cpio "newc"): no root, no device nodes, and the
same bytes for the same content."""


class Archive:
    def __init__(self):
        self._parts = []
        self._dirs = set()
        self._inode = 0

    def _add(self, name, mode, data):
        self._inode += 1
        raw = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data),
                  0, 0, 0, 0, len(raw), 0)
        head = b"070701" + "".join(f"{f:08x}" for f in fields).encode() + raw
        for piece in (head, data):
            self._parts += [piece, b"\0" * (-len(piece) % 4)]

    def folder(self, name):
        """A folder and those above it."""
        for end in [i for i, c in enumerate(name) if c == "/"] + [len(name)]:
            part = name[:end]
            if part and part not in self._dirs:
                self._dirs.add(part)
                self._add(part, 0o40755, b"")

    def file(self, name, data, mode=0o755):
        if "/" in name:
            self.folder(name.rsplit("/", 1)[0])
        self._add(name, 0o100000 | mode, data)

    def link(self, name, target):
        if "/" in name:
            self.folder(name.rsplit("/", 1)[0])
        self._add(name, 0o120777, target.encode())

    def data(self):
        self._add("TRAILER!!!", 0, b"")
        return b"".join(self._parts)
