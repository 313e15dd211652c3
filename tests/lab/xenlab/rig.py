# SPDX-License-Identifier: GPL-2.0-only
"""The hosts of one session: one, or two joined by a network and a disk.

A rig has a run directory of its own (sockets, pid files, the shared disk),
and a results directory that outlives it.  rig.json in the run directory lets
another process find a rig that was left running by `lab up`.
"""
import json
import os
import shutil
from pathlib import Path

from . import image
from .host import Host, HostConfig
from .paths import CHECKOUT, LabError, run_base, wait_until

NAMES = ("A", "B")
ADDRESSES = ("10.0.0.1", "10.0.0.9")
# Two networks as operators have them: the guests' (bridged), and a fast one for
# migration.  An emulated card costs per frame, so the fast one has huge frames.
CABLES = {"guests": "", "hosts": ",host_mtu=65000,rx_queue_size=1024"}
SHARED_DISK_BYTES = 16 << 20


class Rig:
    def __init__(self, run_dir, results, configs):
        self.dir = Path(run_dir)
        self.results = Path(results)
        self.hosts = [
            Host(self.dir, name,
                 self.results if len(configs) == 1 else self.results / name,
                 config)
            for name, config in zip(NAMES, configs)]

    @property
    def host(self):
        return self.hosts[0]

    @classmethod
    def create(cls, name, results, configs):
        for i, config in enumerate(configs):
            config.address = ADDRESSES[i]
        run_dir = run_base() / name
        if (run_dir / "rig.json").exists():
            old = cls.open(name)
            if any(h.machine.running() for h in old.hosts):
                raise LabError(f"the rig {name} is already running: "
                               f"lab down --name {name}")
            old.remove()
        _sweep()
        run_dir.mkdir(parents=True, exist_ok=True)
        results = Path(results).resolve()
        _clear(results)
        rig = cls(run_dir, results, configs)
        (run_dir / "rig.json").write_text(json.dumps(
            {"results": str(results),
             "configs": [c.as_dict() for c in configs]}))
        return rig

    @classmethod
    def open(cls, name):
        """A rig that another process created."""
        run_dir = run_base() / name
        try:
            saved = json.loads((run_dir / "rig.json").read_text())
        except OSError as e:
            raise LabError(f"there is no rig {name}: lab up starts one") from e
        return cls(run_dir, saved["results"],
                   [HostConfig(**c) for c in saved["configs"]])

    def start(self, lifetime=3600, detached=False, say=lambda text: None):
        """Boots the hosts, but for late ones, and waits until their dom0s
        take commands."""
        built = image.build(say)
        in_time = [h for h in self.hosts if not h.config.late]
        for host in in_time:
            self._boot(host, built, lifetime, detached)
        for host in in_time:
            host.connect()

    def start_late(self, host, lifetime=3600):
        self._boot(host, image.build(), lifetime, False)
        host.connect()

    def _boot(self, host, built, lifetime, detached):
        i = self.hosts.index(host)
        if i:
            # The first host listens on the cables.
            for cable in CABLES:
                wait_until("the first host's network", 5,
                           (self.dir / cable).exists)
        host.start(built, lifetime, detached, self._devices(i))

    def _devices(self, i):
        if len(self.hosts) == 1:
            return []
        disk = self.dir / "shared.img"
        if not disk.exists():
            with open(disk, "wb") as f:
                f.truncate(SHARED_DISK_BYTES)
        devices = []
        for n, (cable, more) in enumerate(CABLES.items()):
            devices += [
                "-netdev", f"stream,id={cable},server={'off' if i else 'on'},"
                f"addr.type=unix,addr.path={self.dir}/{cable}",
                "-device", f"virtio-net-pci,netdev={cable},"
                f"mac=52:54:00:00:0{n}:1{i}{more}"]
        # Both hosts write through this machine's page cache to the same file.
        return devices + [
                "-drive", f"file={disk},format=raw,if=none,id=shared,"
                "file.locking=off,cache=writeback",
                "-device", "virtio-blk-pci,drive=shared,share-rw=on,"
                "serial=shared"]

    def stop(self):
        for host in self.hosts:
            host.stop()

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def _clear(results):
    """An empty results directory.  Only one that the lab made is emptied."""
    mark = results / ".xenlab"
    if results.exists() and any(results.iterdir()):
        if not mark.exists():
            raise LabError(f"{results} has files that are not the lab's")
        shutil.rmtree(results)
    results.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _sweep():
    """Removes what a run left that was killed: its name ends in its pid."""
    for name in running():
        pid = name.rpartition("-")[2]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            Rig.open(name).remove()


def running():
    """The names of this checkout's rigs."""
    base = run_base()
    return sorted(d.name for d in base.iterdir()
                  if (d / "rig.json").exists()) if base.exists() else []


def default_results(name):
    return CHECKOUT / "build/lab" / name
