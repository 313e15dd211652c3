# SPDX-License-Identifier: GPL-2.0-only
"""Makes the image of the emulated host, as two layers in the cache.

  packages-<key>/   Debian: root.img (the root's lowest layer, of tree/), xen,
                    manifest
  <key>/            ours: top/ (the layer above it), initramfs

A key is the hash of everything that goes in, apart from the versions that
Debian has at the moment: these are in the manifest.  Both are built in a
temporary directory and renamed, so a folder that exists is complete.
"""
import concurrent.futures
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import debian
from .cpio import Archive
from .kernel import Modules, take_vmlinux
from .paths import IMAGE_SOURCES, LabError, cache_dir

HERE = Path(__file__).parent
CFLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
          "-pthread"]

DOM0_MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_console",
                "crc32c_generic", "ext4", "9p", "9pnet_virtio", "overlay"]
# The latter two only wait there for a test that loads them.
GUEST_MODULES = ["xen-blkfront", "xen-netfront", "xen-evtchn", "xen_wdt"]
DOM0_PROGRAMS = ["agent", "cutter", "fpucanary", "remote", "udpecho",
                 "xsclient"]
GUEST_PROGRAMS = ["deepio", "fpucanary", "iotest", "juggle", "xsclient"]
APPLETS = """[ ash awk base64 cat chroot cmp cp cut date dd df dmesg echo env
    false grep head hostname insmod ip kill killall ln ls md5sum mkdir mount
    mv nc ping poweroff printf ps pwd reboot rm sed seq setsid sh sleep sort
    stty sync tail tee test top touch tr true umount uname usleep wc
    yes""".split()


class Image:
    """A built image: the paths of its parts."""

    def __init__(self, packages_dir, own_dir):
        self.root = packages_dir / "root.img"
        self.layers = [own_dir / "top"]
        self.xen = packages_dir / "xen"
        self.manifest = packages_dir / "manifest"
        self.vmlinux = own_dir / "top/lab/vmlinux"
        self.initramfs = own_dir / "initramfs.cpio"
        self.dir = own_dir


def key(*files):
    h = hashlib.sha256()
    for file in sorted(files):
        h.update(f"{file.name} {file.stat().st_size}\n".encode())
        h.update(file.read_bytes())
    return h.hexdigest()[:16]


def _packages_key():
    return key(IMAGE_SOURCES / "packages.txt", HERE / "packages.py",
               HERE / "kernel.py", HERE / "debian.py")


def _own_key():
    sources = [f for f in IMAGE_SOURCES.iterdir() if f.is_file()]
    return key(*sources, *(HERE / name for name in (
        "packages.py", "kernel.py", "debian.py", "cpio.py", "image.py")))


def atomically(target, make):
    temp = Path(tempfile.mkdtemp(prefix=f".{target.name}.",
                                 dir=target.parent))
    try:
        temp.chmod(0o755)
        make(temp)
        os.rename(temp, target)
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def compile_program(name, out, more=()):
    done = subprocess.run(
        ["gcc", *CFLAGS, *more, "-o", out / name, IMAGE_SOURCES / f"{name}.c"],
        text=True, capture_output=True)
    if done.returncode:
        raise LabError(f"{name}.c does not compile:\n{done.stderr}")


def _archive(tree, init, programs, modules, extra=()):
    """A busybox initramfs with our init, programs and kernel modules."""
    cpio = Archive()
    for folder in ("dev", "proc", "sys", "tmp"):
        cpio.folder(folder)
    cpio.file("init", (IMAGE_SOURCES / init).read_bytes())
    cpio.file("bin/busybox", (tree / "bin/busybox").read_bytes())
    for applet in APPLETS:
        cpio.link(f"bin/{applet}", "busybox")
    for program in programs:
        cpio.file(f"bin/{program.name}", program.read_bytes())
    for module in modules:
        cpio.file(f"modules/{module.name}", module.read_bytes(), 0o644)
    order = " ".join(module.name for module in modules) + "\n"
    cpio.file("modules/order", order.encode(), 0o644)
    for name, text in extra:
        cpio.file(name, text.encode())
    return cpio.data()


def guest_archive(tree, programs, modules):
    """What a guest starts with, of the architecture of its parts."""
    # The kernel runs these two when the toolstack asks it to shut down.
    force = "#!/bin/sh\nexec /bin/busybox {} -f\n"
    return _archive(
        tree, "guest-init", programs,
        modules.with_dependencies(GUEST_MODULES),
        [(f"sbin/{name}", force.format(name))
         for name in ("reboot", "poweroff")])


def _make_own(out, tree, say):
    say("lab: compiling our programs and packing the archives")
    top = out / "top/lab"
    (top / "bin").mkdir(parents=True)
    programs = out / "programs"
    programs.mkdir()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: compile_program(name, programs),
                      sorted({*DOM0_PROGRAMS, *GUEST_PROGRAMS})))
    for name in DOM0_PROGRAMS:
        shutil.copy(programs / name, top / "bin")
    for name in ("start-store", "start-tools"):
        shutil.copy(IMAGE_SOURCES / name, top / "bin")
    shutil.copy(IMAGE_SOURCES / "dom0-init", top)

    version = debian.kernel_version(tree)
    modules = Modules(tree, version)
    bzimage = next(tree.glob("boot/vmlinuz-*"))
    (top / "vmlinux").write_bytes(take_vmlinux(bzimage.read_bytes()))
    (top / "vmlinuz").symlink_to(f"/boot/{bzimage.name}")
    (out / "initramfs.cpio").write_bytes(_archive(
        tree, "initramfs-init", [], modules.with_dependencies(DOM0_MODULES)))
    (top / "guest.cpio").write_bytes(guest_archive(
        tree, [programs / name for name in GUEST_PROGRAMS], modules))
    for script in (top / "dom0-init", *(top / "bin").iterdir()):
        script.chmod(0o755)


def _forget_old(cache, *in_use):
    """Removes images that nobody has used for a week."""
    for folder in cache.iterdir():
        image = folder.name.startswith(("packages-", "guest32-")) or \
            (folder / "initramfs.cpio").exists()
        age = time.time() - folder.stat().st_mtime
        if image and folder not in in_use and age > 7 * 86400:
            shutil.rmtree(folder, ignore_errors=True)


def build(say=print, refresh=False):
    """The image, built if it is not in the cache."""
    cache = cache_dir()
    packages_dir = cache / f"packages-{_packages_key()}"
    own_dir = cache / _own_key()
    if own_dir.exists() and packages_dir.exists() and not refresh:
        os.utime(own_dir)
        os.utime(packages_dir)
        return Image(packages_dir, own_dir)
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if refresh:
            for folder in (own_dir, packages_dir):
                shutil.rmtree(folder, ignore_errors=True)
        if not packages_dir.exists():
            atomically(packages_dir,
                       lambda d: debian.make(d, cache, say))
        if not own_dir.exists():
            atomically(own_dir,
                       lambda d: _make_own(d, packages_dir / "tree", say))
        _forget_old(cache, own_dir, packages_dir)
    return Image(packages_dir, own_dir)
