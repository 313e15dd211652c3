# SPDX-License-Identifier: GPL-2.0-only
"""Moves that fail, at each stage: exactly one guest runs after each, it has
not noticed, and nothing is left of what failed (docs/migration.md, "When
something fails")."""
import time

from xenlab import faults
from xenlab.faults import fail, free_mib, names, other, said, start, stays
from xenlab.runner import test

hosts = faults.hosts
LIMIT = faults.LIMIT
# What `struct flock` is to perl, and a file that says that it is held.
LOCK = """
use Fcntl;
open F, ">>/run/lock/xl" or die;
my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLKW, $lock) or die;
open G, ">/srv/locked";
sleep 1000;
"""
# What is left to a destination whose memory went away: less than the guest's.
LEFT_MIB = 48


def thief(host, memory, name="x"):
    """A domain that takes something away; it is never run."""
    host.run(f"printf 'name=\"{name}\"\\ntype=\"pvh\"\\n"
             f"kernel=\"/lab/vmlinux\"\\nmemory={memory}\\n' > /srv/x.cfg && "
             f"xl create -p /srv/x.cfg", 60)


@test(120, vital=True)
def guest_at_work(s):
    faults.begin(s)


@test(100)
def report_is_lost(s):
    """It runs there: the source asks again and lets go of it."""
    m = start(s, "out:my copy unpause").end()
    said(m, "Asking the target")
    return faults.moved(s, m)


@test(LIMIT)
def cut_before_go(s):
    """The source does not know what the destination does: it asks again, and
    the destination promises never to run it."""
    m = fail(s, "in:domain is yours")
    said(m, "was asked about", "Resumed OK")
    return stays(s, m)


@test(100)
def memory_taken_while_memory_is_copied(s):
    to = other(s)
    going = start(s, "hold,bytes:20000000")
    faults.wait_held(s, going)
    thief(to, free_mib(to) - LEFT_MIB)
    faults.let_go(s)
    m = going.end(check=False)
    to.run("xl destroy x", 20)
    said(m, "Failed to populate", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def receiver_is_killed(s):
    """When its copy is complete; who is asked about it destroys it."""
    going = start(s, "hold,out:domain received, ready")
    faults.wait_held(s, going)
    other(s).run("kill -9 $(pgrep -x xl)")
    faults.let_go(s)
    m = going.end(check=False)
    said(m, "nobody cares for", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def hotplug_script_fails(s):
    """Devices are set up while the guest still runs."""
    to = other(s)
    script = "/etc/xen/scripts/vif-bridge"
    to.run(f"mount --bind /bin/false {script}")
    m = fail(s)
    to.run(f"umount {script}")
    said(m, "its devices cannot be set up here", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def store_is_corrupt(s):
    """In the name of a node; a checksum covers all of it."""
    m = fail(s, f"flip,in:/libxl/{s.guest.domid()}/dev")
    said(m, "the guest's store does not fit", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def cut_before_the_copy_is_ready(s):
    m = fail(s, "out:domain received, ready")
    said(m, "Asking the target", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def memory_taken_before_the_offer(s):
    to = other(s)
    before = faults.Traces(s.rig)
    thief(to, free_mib(to) - LEFT_MIB)
    m = fail(s)
    to.run("xl destroy x", 20)
    said(m, "memory: ", "KiB are needed", "domain not touched")
    assert not m.pause
    s.traces = before
    return stays(s, m)


@test(LIMIT)
def disk_is_not_there(s):
    """Found when the domain is made; the guest goes on meanwhile."""
    to = other(s)
    to.run("mv /dev/disk/shared /dev/disk/away")
    m = fail(s)
    to.run("mv /dev/disk/away /dev/disk/shared")
    said(m, "Resumed OK")
    return stays(s, m)


@test(120)
def domid_taken_after_the_offer_was_accepted(s):
    """xl's lock holds the receiver up between verdict and creation; a process
    that sees another lock file creates a domain, its host's first, meanwhile."""
    to = other(s)
    to.run("cp /etc/xen/xl.conf /srv/ && echo 'autoballoon=\"on\"' >> "
           "/etc/xen/xl.conf")
    lock = to.spawn(f"exec perl -e '{LOCK}'", 600)
    to.poll("the lock", "[ -e /srv/locked ]", 10)
    going = start(s)
    to.poll("the receiver waits", "grep -q -e '-> POSIX' /proc/locks", 40)
    to.run("unshare -m sh -c 'mount -t tmpfs t /run/lock && "
           "printf \"name=\\\"x\\\"\\ntype=\\\"pvh\\\"\\n"
           "kernel=\\\"/lab/vmlinux\\\"\\nmemory=80\\n\" > /srv/x.cfg && "
           "xl create -p /srv/x.cfg'", 60)
    assert to.out("xl domid x") == str(s.guest.domid())
    lock.kill()
    m = going.end(check=False)
    to.run("xl destroy x; cp /srv/xl.conf /etc/xen/", 20)
    said(m, "domain creation fail", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def cut_while_memory_is_copied(s):
    m = fail(s, "bytes:30000000")
    said(m, "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def context_is_corrupt(s):
    """The byte behind its magic is its version."""
    m = fail(s, "flip,in+1:GTM1")
    said(m, "GTM context not accepted", "Resumed OK")
    return stays(s, m)


@test(100)
def cut_before_go_and_nobody_to_ask(s):
    """Then nobody may guess: the operator says."""
    m = fail(s, "dead,in:domain is yours",
             environment="XL_TRANSPARENT_TIMEOUT=5", limit=90)
    assert m.status
    said(m, "could not be asked")
    here = names(s.guest.host)
    assert len(here) == 1, here
    begun = time.monotonic()
    s.guest.host.run(f"xl migrate-abort {here[0]}", 30)
    return stays(s, m, m.seconds + time.monotonic() - begun)
