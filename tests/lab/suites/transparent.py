# SPDX-License-Identifier: GPL-2.0-only
"""A guest that moves between two real hosts, and back."""
import copy

from xenlab import move
from xenlab.guest import Guest
from xenlab.runner import test

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


@test(60, vital=True)
def toolstacks_start(s):
    for host in s.rig.hosts:
        host.start_toolstack()


@test(60, vital=True)
def guest_with_disk_and_network(s):
    s.guest = Guest(s.host, "g1", memory=96, disk_spec=DISK)
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)


@test(60)
def cooperative_there(s):
    m = move.migrate(s.guest, s.rig.hosts[1])
    s.guest.wait_progress()
    return f"{m.seconds:.1f} s"


@test(60)
def cooperative_back(s):
    m = move.migrate(s.guest, s.rig.hosts[0])
    s.guest.wait_progress()
    return f"{m.seconds:.1f} s"
