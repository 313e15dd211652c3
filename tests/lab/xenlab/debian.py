# SPDX-License-Identifier: GPL-2.0-only
"""The lower layer of the host's root: Debian's packages, unpacked, and the
few things that their installation scripts would have made."""
import gzip
import shutil
import subprocess

from . import packages
from .kernel import UNUSED, Modules
from .paths import IMAGE_SOURCES, LabError

# What update-alternatives and dash would have linked.  The hotplug scripts
# need awk, and say nothing of it when it is missing.
LINKS = {
    "bin/sh": "dash",
    "usr/bin/awk": "gawk",
    "usr/bin/which": "which.debianutils",
    "usr/bin/nc": "/bin/busybox",
}
COPIES = {
    "etc/passwd": "usr/share/base-passwd/passwd.master",
    "etc/group": "usr/share/base-passwd/group.master",
}
USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale")


def kernel_version(tree):
    versions = [d.name for d in (tree / "lib/modules").iterdir()]
    if len(versions) != 1:
        raise LabError(f"not one kernel in the image: {versions}")
    return versions[0]


def _finish(tree):
    for name, target in LINKS.items():
        link = tree / name
        at = tree / target[1:] if target[0] == "/" else link.parent / target
        if not at.exists():
            raise LabError(f"the image has no {target} for {name}")
        if not link.exists():
            link.symlink_to(target)
    for name, source in COPIES.items():
        shutil.copy(tree / source, tree / name)
    for name in USELESS:
        shutil.rmtree(tree / name, ignore_errors=True)


def _run(*command):
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        raise LabError(f"{command[0]}: {done.stderr.strip()}")


def _make_disk(tree, disk):
    """The tree as a file system: dom0 caches names and pages of a disk as
    usual, but asks 9p again for every open file, which is several times
    slower under emulation."""
    size = sum(f.lstat().st_size + 4096 for f in tree.rglob("*"))
    megabytes = size * 12 // 10 // (1 << 20) + 32
    _run("/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0",
         "-d", str(tree), str(disk), f"{megabytes}M")


def make(out, cache, say):
    """Fills OUT with tree/, root.img (the tree as a disk), xen, manifest;
    of the tree remains what other archives are made from."""
    apt = packages.Apt(cache)
    say("lab: reading Debian's package lists")
    apt.update()
    closure = apt.closure(packages.read_list(IMAGE_SOURCES / "packages.txt"))
    say(f"lab: downloading {len(closure)} packages")
    files = apt.download(closure)
    say("lab: unpacking them")
    tree = out / "tree"
    tree.mkdir()
    for file in files:
        packages.unpack(file, tree)
    for folder in tree.glob("lib/modules/*/kernel"):
        for name in UNUSED:
            shutil.rmtree(folder / name, ignore_errors=True)
    _finish(tree)
    Modules(tree, kernel_version(tree)).index()
    _run("/sbin/ldconfig", "-r", str(tree))
    _make_disk(tree, out / "root.img")
    for entry in tree.iterdir():
        if entry.name not in ("bin", "boot", "lib"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    xen = min(tree.glob("boot/xen-*.gz"))
    (out / "xen").write_bytes(gzip.decompress(xen.read_bytes()))
    (out / "manifest").write_text(
        "".join(f"{name} {version}\n" for name, version in closure))
