# SPDX-License-Identifier: GPL-2.0-only
"""A 32-bit guest: Debian's i386 kernel and busybox, and our programs built for
it.  Only who asks for it waits for its packages (54 MB, once)."""
import fcntl
import os
import re
import shutil
from pathlib import Path

from . import image, packages
from .kernel import Modules
from .paths import IMAGE_SOURCES, LabError, cache_dir

KERNEL = "linux-image-686-pae"      # of which only the kernel is wanted
BUSYBOX = "busybox-static"
ARCHITECTURE = "i386"
PROGRAMS = ["iotest", "xsclient"]


class Apt(packages.Apt):
    """Of another architecture than the machine's, so with lists and an archive
    of its own."""

    def __init__(self, cache):
        super().__init__(cache / ARCHITECTURE)
        self.options += [f"-oAPT::Architecture={ARCHITECTURE}",
                         f"-oAPT::Architectures::={ARCHITECTURE}"]


def _key():
    here = Path(__file__).parent
    return image.key(
        Path(__file__), IMAGE_SOURCES / "guest-init",
        *(IMAGE_SOURCES / f"{name}.c" for name in PROGRAMS),
        *(here / name for name in ("packages.py", "kernel.py", "cpio.py",
                                   "image.py")))


def _unpack(tree, cache):
    apt = Apt(cache)
    try:
        apt.update()
    except LabError as e:       # one list of several; the packages decide
        print(e)
    wanted = [(name, version) for name, version in
              apt.closure([KERNEL, BUSYBOX])
              if re.match(r"linux-image-\d+\.", name) or name == BUSYBOX]
    if len(wanted) != 2:
        raise LabError(f"not one kernel and a busybox: {wanted}")
    for file in apt.download(wanted):
        packages.unpack(file, tree)


def _make(out, cache):
    tree = out / "tree"
    tree.mkdir()
    _unpack(tree, cache)
    modules = Modules(tree, next((tree / "lib/modules").iterdir()).name)
    modules.index()
    programs = out / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        image.compile_program(name, programs, ["-m32"])
    bzimage = next(tree.glob("boot/vmlinuz-*"))
    (out / "vmlinuz").write_bytes(bzimage.read_bytes())
    (out / "guest.cpio").write_bytes(
        image.guest_archive(tree, [programs / name for name in PROGRAMS],
                            modules))
    shutil.rmtree(tree)


def build(say=print):
    """The folder with its vmlinuz and guest.cpio."""
    cache = cache_dir()
    folder = cache / f"guest32-{_key()}"
    with open(cache / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            say("lab: fetching the parts of a 32-bit guest")
            image.atomically(folder, lambda d: _make(d, cache))
        os.utime(folder)
    return folder
