# SPDX-License-Identifier: GPL-2.0-only
"""Moves that fail, at each stage: exactly one guest runs after each, and it has
not noticed."""
import copy

from xenlab import move
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
LIMIT = 60


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


def other(s):
    return next(h for h in s.rig.hosts if h is not s.guest.host)


def names(host):
    """Of the guests on a host."""
    return [line.split()[0] for line in host.out("xl list").splitlines()[2:]]


def cut(s, when, environment="", limit=LIMIT):
    """A move whose connection is cut; answers (status, what xl said)."""
    to = other(s)
    s.guest.host.run(
        "mkdir -p /srv; rm -f /srv/cut; cat > /srv/flaky <<'END'\n"
        f"#!/bin/sh\nexec cutter '{when}' /srv/cut remote \"$@\"\nEND\n"
        "chmod +x /srv/flaky")
    s.witness.look()
    return s.guest.host.run(
        f"{environment} xl migrate --transparent -s /srv/flaky "
        f"{s.guest.name} {move.hosts_address(to)} 2>&1", limit, check=False)


def stays(s, status, said):
    """It runs here, and nowhere else, and has noticed nothing."""
    assert status, f"it was said to have succeeded: {said}"
    here, there = names(s.guest.host), names(other(s))
    assert here == [s.guest.name] and not there, (here, there, said)
    s.guest.wait_progress()
    s.witness.compare_unmoved(LIMIT)


@test(60, vital=True)
def toolstacks_start(s):
    for host in s.rig.hosts:
        host.start_toolstack()


@test(60, vital=True)
def guest_at_work(s):
    s.guest = Guest(s.host, "g1", memory=96, disk_spec=DISK)
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)
    s.witness = Witness(s.guest)


@test(LIMIT)
def cut_while_memory_is_copied(s):
    stays(s, *cut(s, "bytes:30000000"))


@test(LIMIT)
def cut_before_the_copy_is_ready(s):
    stays(s, *cut(s, "out:domain received, ready"))


@test(LIMIT)
def cut_before_go(s):
    """The source does not know what the destination does: it asks again, and
    the destination promises never to run it."""
    stays(s, *cut(s, "in:domain is yours"))


@test(100)
def cut_before_go_and_nobody_to_ask(s):
    """Then nobody may guess: the operator says."""
    status, said = cut(s, "dead,in:domain is yours",
                       "XL_TRANSPARENT_TIMEOUT=5", 90)
    assert status and "could not be asked" in said, said
    here = names(s.guest.host)
    assert len(here) == 1 and not names(other(s)), here
    s.guest.host.run(f"xl migrate-abort {here[0]}", 30)
    s.guest.wait_progress()
    s.witness.compare_unmoved(LIMIT)


@test(LIMIT)
def report_is_lost(s):
    """It runs there: the source asks again and lets go of it."""
    to = other(s)
    log = s.guest.incoming_log(to)
    start = len(log.read_text(errors="replace").replace("\r", "")) \
        if log.exists() else 0
    status, said = cut(s, "out:my copy unpause")
    assert status == 0, said
    here, there = names(s.guest.host), names(to)
    assert not here and there == ["g1"], (here, there, said)
    s.guest.moved_to(to, start)
    s.guest.wait_progress()
