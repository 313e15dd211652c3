# SPDX-License-Identifier: GPL-2.0-only
"""The Debian kernel: its uncompressed image and its modules.

A kernel that has to unpack itself costs seconds of every boot under
emulation (Xen does it for dom0, libxc for a PVH guest), so the ELF file
inside Debian's bzImage is taken out once, unchanged.
"""
import lzma
import struct
import subprocess

from .paths import LabError

# Folders of modules that no emulated host uses; the rest is kept.
UNUSED = ("sound", "drivers/gpu", "drivers/media", "drivers/infiniband",
          "drivers/staging", "drivers/scsi", "drivers/usb", "drivers/iio",
          "drivers/hwmon", "drivers/net/wireless", "drivers/net/ethernet",
          "drivers/platform", "drivers/input", "drivers/mtd", "drivers/edac")


def take_vmlinux(bzimage):
    """The ELF image inside a bzImage (Documentation/x86/boot.rst)."""
    setup_sectors = bzimage[0x1f1] or 4
    if bzimage[0x202:0x206] != b"HdrS":
        raise LabError("the kernel is not a bzImage")
    offset, length = struct.unpack_from("<II", bzimage, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = bzimage[start:start + length]
    if payload[:6] != b"\xfd7zXZ\0":
        raise LabError("the kernel is not compressed with xz")
    elf = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)
    if elf[:4] != b"\x7fELF":
        raise LabError("there is no ELF file in the kernel")
    return elf


class Modules:
    def __init__(self, tree, version):
        self.folder = tree / "lib/modules" / version
        self.version = version
        self._tree = tree

    def index(self):
        """What the package's installation script would have run."""
        done = subprocess.run(
            ["/sbin/depmod", "-b", self._tree, self.version],
            text=True, capture_output=True)
        if done.returncode:
            raise LabError(f"depmod: {done.stderr.strip()}")

    def with_dependencies(self, names):
        """The module files for NAMES in the order to load them."""
        needs = {}
        for line in (self.folder / "modules.dep").read_text().splitlines():
            file, _, rest = line.partition(":")
            needs[file] = rest.split()
        by_name = {f.rsplit("/", 1)[1].removesuffix(".ko"): f for f in needs}
        order = []

        def add(file):
            for other in reversed(needs[file]):
                add(other)
            if file not in order:
                order.append(file)

        for name in names:
            if name not in by_name:
                raise LabError(f"the kernel has no module {name}")
            add(by_name[name])
        return [self.folder / file for file in order]
