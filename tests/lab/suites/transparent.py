# SPDX-License-Identifier: GPL-2.0-only
"""A guest that moves between two hosts and never notices.

The guest is Debian's kernel, unmodified, at work all the time: disk, datagrams,
one TCP connection, clocks (image/iotest.c), a watch and an open transaction
(image/xsclient.c hold), its console.  It takes part in nothing: its kernel was
told not to listen for suspend requests, so today's `xl migrate` fails on it.
"""
import copy
import json

from xenlab import move
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
DEAF = "initcall_blacklist=xen_setup_shutdown_event"
MOVES = 10
TRANSPARENT = "--transparent"


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


def other(s):
    return next(h for h in s.rig.hosts if h is not s.guest.host)


def go(s, **kw):
    return move.migrate(s.guest, other(s), options=TRANSPARENT, **kw)


def save(s, name, data):
    (s.rig.results / f"{name}.json").write_text(json.dumps(data, indent=1))


@test(60, vital=True)
def toolstacks_start(s):
    for host in s.rig.hosts:
        host.start_toolstack()


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
def unpatched_receiver_refuses_up_front(s):
    """What today's xl answers to the flag in the header."""
    said = move.refused_by_debian(s.guest, other(s))
    s.guest.wait_progress()
    return said


@test(60)
def domid_taken(s):
    """The first guest of the other host gets the domid that ours has."""
    to = other(s)
    to.run("mkdir -p /srv && printf 'name=\"x\"\\ntype=\"pvh\"\\n"
           "kernel=\"/lab/vmlinux\"\\nmemory=80\\n"
           "' > /srv/x.cfg && xl create -p /srv/x.cfg", 30)
    assert to.out("xl domid x") == str(s.guest.domid())
    s.witness.look()
    try:
        m = go(s, check=False)
    finally:
        to.run("xl destroy x", 20)
    assert m.status, "it moved to a domid that is taken"
    assert "there is a domain" in m.sent, m.sent
    s.guest.wait_progress()
    s.witness.compare_unmoved()


@test(60)
def moves_unnoticed(s):
    s.witness.look()
    m = go(s)
    s.guest.wait_progress()
    s.witness.compare(m)
    save(s, "first-move", m.as_dict())
    return f"{m.seconds:.1f} s, paused {s.witness.pause:.1f} s, {m.phases}"


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
    s.witness.look()
    m = go(s)
    s.guest.wait_progress()
    s.witness.compare(m)
    return f"{m.seconds:.1f} s, paused {s.witness.pause:.1f} s"


@test(400)
def again_and_again(s):
    times = []
    for i in range(MOVES - 2):
        s.witness.look()
        m = go(s)
        s.guest.wait_progress(2, 2)
        s.witness.compare(m)
        times.append((round(m.seconds, 1), round(s.witness.pause, 1)))
    save(s, "moves", times)
    return f"{len(times)} more: {times}"


@test(60)
def saved_and_restored_on_one_host(s):
    s.witness.look()
    seconds = move.save_and_restore(s.guest, TRANSPARENT)
    s.guest.wait_progress()
    s.witness.compare_saved(seconds)
    return f"stood still for {seconds:.1f} s"


@test(120)
def cooperative_migration_fails_on_it(s):
    """Today's way: it asks, nobody answers, the guest stays where it is."""
    m = move.migrate(s.guest, other(s), check=False, limit=100)
    assert m.status, "a guest that does not listen cannot have suspended"
    s.guest.wait_progress()
    return f"gave up after {m.seconds:.0f} s"
