# SPDX-License-Identifier: GPL-2.0-only
"""A guest with two processors goes to the other host and back, a hundred times.

Its work goes on after every move; after every fifth it is witnessed, as in
transparent.py, which takes as long as a move.  What the hosts have left of
memory, and how many nodes and domains they have, is the same after the last
moves as after the first ones.
"""
import copy
import dataclasses
import re
import statistics

from xenlab import move
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
DEAF = "initcall_blacklist=xen_setup_shutdown_event"
MOVES = 100
LIFETIME = 10000    # seconds: a busy machine needs more than a minute for each
WITNESSED = 5       # every so many; odd, so that it is on either host
SETTLED = 10        # moves after which caches of a host have what they need
XEN_SLACK = 1024    # KiB of Xen's memory, which is kept in pages and heaps
DAEMON_SLACK = 512  # KiB of malloc's


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


def other(s):
    return next(h for h in s.rig.hosts if h is not s.guest.host)


@test(60, vital=True)
def toolstacks_start(s):
    for host in s.rig.hosts:
        host.start_toolstack()


@test(90, vital=True)
def guest_at_work(s):
    s.guest = Guest(s.host, "g1", memory=96, vcpus=2, disk_spec=DISK,
                    options=DEAF)
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)
    s.witness = Witness(s.guest)
    s.witness.hold()


def used(host):
    """What a host without the guest holds: KiB of Xen's free memory and of the
    daemon's, nodes, and domains."""
    said = host.out(
        "grep VmRSS /proc/$(pidof xenstored)/status; "
        "xl info | grep '^free_memory'; xenstore-ls -f | wc -l; "
        "xl list | wc -l", 30)
    rss = int(re.search(r"VmRSS:\s+(\d+)", said).group(1))
    free = int(re.search(r"^free_memory\s*:\s*(\d+)", said, re.M).group(1))
    nodes, domains = (int(x) for x in said.split()[-2:])
    return {"free": free * 1024, "daemon": rss, "nodes": nodes,
            "domains": domains}


def nothing_is_left(then, now):
    assert now["free"] >= then["free"] - XEN_SLACK, (then, now)
    assert now["daemon"] <= then["daemon"] + DAEMON_SLACK, (then, now)
    for name in "nodes", "domains":
        assert now[name] == then[name], (then, now)


@test(3600)
def a_hundred_moves(s):
    took, settled, last = [], {}, {}
    s.witness.look()
    for i in range(1, MOVES + 1):
        m = move.migrate(s.guest, other(s), "--transparent")
        s.guest.wait_progress(2, 2)
        took.append(m)
        if i % WITNESSED == 0:
            slowest = max(took[-WITNESSED:], key=lambda m: m.pause)
            s.witness.compare(dataclasses.replace(m, sent=slowest.sent),
                              WITNESSED)
            s.witness.go_on()
            left = other(s)
            last[left] = used(left)
            if i > SETTLED:
                settled.setdefault(left, last[left])
            s.say(f"    {i} moves, the last in {m.seconds:.1f} s, paused "
                  f"{m.pause:.2f} s; it left {last[left]}")
    for host in s.rig.hosts:
        nothing_is_left(settled[host], last[host])
    seconds, pauses = [m.seconds for m in took], [m.pause for m in took]
    return (f"{statistics.median(seconds):.1f} s, at most {max(seconds):.1f}; "
            f"paused {statistics.median(pauses):.2f} s, at most "
            f"{max(pauses):.2f}")


@test(60)
def watch_and_transaction(s):
    s.witness.watch_fires()
    s.witness.transaction_commits()


@test(30)
def hosts_are_well(s):
    for host in s.rig.hosts:
        host.check_fpu()
        host.check_emulator()
