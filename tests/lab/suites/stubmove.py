# SPDX-License-Identifier: GPL-2.0-only
"""The guest of the suite `transparent` on hosts whose xenstore is a domain of
its own: libxl's requests go through dom0's ring, and the guest's ring is
granted to that domain, which must have the same number on both hosts.

To be run with --xenstored none.
"""
import copy

from xenlab import move, stubstore
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
# Seconds that a guest may not get the only processor because dom0 and the store,
# which come first, have much to say to each other.
STARVED = 3
DEAF = "initcall_blacklist=xen_setup_shutdown_event"


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


def other(s):
    return next(h for h in s.rig.hosts if h is not s.guest.host)


def moves(s):
    s.witness.look()
    m = move.migrate(s.guest, other(s), options="--transparent")
    s.guest.wait_progress()
    s.witness.compare(m)
    return f"{m.seconds:.1f} s, paused {s.witness.pause:.1f} s, {m.phases}"


@test(120, vital=True)
def stores_start(s):
    s.domids = []
    for host in s.rig.hosts:
        domid, _ = stubstore.start(host)
        stubstore.start_tools(host, domid)
        s.domids.append(domid)
    assert s.domids[0] == s.domids[1], s.domids
    return f"domains {s.domids}"


@test(60, vital=True)
def guest_at_work(s):
    s.guest = Guest(s.host, "g1", memory=96, disk_spec=DISK, options=DEAF)
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)


@test(40, vital=True)
def holds_a_watch_and_a_transaction(s):
    s.witness = Witness(s.guest)
    s.witness.hold()


@test(60)
def another_domain_there(s):
    """The guest's ring names the domain; elsewhere it is another."""
    to = other(s)
    to.run("xenstore-write /tool/xenstored/domid 77")
    s.witness.look()
    try:
        m = move.migrate(s.guest, to, options="--transparent", check=False)
    finally:
        to.run(f"xenstore-write /tool/xenstored/domid {s.domids[1]}")
    said = f"its xenstore is domain {s.domids[0]}, here it is domain 77"
    assert m.status, "it moved to a xenstore that cannot map its ring"
    assert said in m.sent, m.sent
    s.guest.wait_progress()
    s.witness.compare_unmoved(STARVED)


@test(60)
def moves_unnoticed(s):
    return moves(s)


@test(40)
def watch_fires_after_the_move(s):
    s.witness.watch_fires()


@test(40)
def transaction_ends_as_it_would_have(s):
    s.witness.transaction_commits()


@test(40)
def console_answers(s):
    assert s.guest.run("echo in && echo out")[1] == "in\nout"


@test(60)
def and_back(s):
    return moves(s)


@test(60)
def saved_and_restored_on_one_host(s):
    s.witness.look()
    seconds = move.save_and_restore(s.guest, "--transparent")
    s.guest.wait_progress()
    s.witness.compare_saved(seconds)
    return f"stood still for {seconds:.1f} s"


@test(120)
def two_moves_at_once(s):
    """All programs of dom0 are one connection to the store: one of them holds a
    lock while it takes a guest's state out or in."""
    second = Guest(s.guest.host, "g2", 2, memory=96, disk=False)
    second.create()
    second.wait_ready()
    to = other(s)
    going = [move.Going(guest, to, "--transparent")
             for guest in (s.guest, second)]
    seconds = [g.end().seconds for g in going]
    for guest in (s.guest, second):
        guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
        guest.check_no_errors()
    s.guest.wait_progress()
    second.destroy()
    return " and ".join(f"{x:.1f} s" for x in seconds)


@test(60)
def nothing_stays_behind(s):
    """No ring is kept mapped on the host that it left."""
    left = other(s).out("xl list")
    assert "(null)" not in left and "--ps-d" not in left, left
    s.guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
    s.guest.check_no_errors()
