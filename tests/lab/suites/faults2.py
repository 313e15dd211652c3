# SPDX-License-Identifier: GPL-2.0-only
"""Moves during which the store is replaced, or a back-end does not let go: each
waits, succeeds, or fails with the guest where it was (docs/migration.md, "When
something fails")."""
import time

from xenlab import faults
from xenlab.faults import fail, names, other, said, start, stays
from xenlab.paths import wait_until
from xenlab.runner import test

hosts = faults.hosts
LIMIT = faults.LIMIT
UPDATE = "xenstore-control live-update -t {} /our/bin/xenstored 2>&1"
UNBIND = "/sys/bus/xen-backend/drivers/vbd/unbind"
# Requests a second, by QEMU, so that all threads together do not keep the
# emulated processor from anything else; of a slow disk, and of one that is worse.
NORMAL, SLOW, VERY_SLOW = 40, 3, 1
UNLIMITED = 0
XVDA = 51712        # the guest's disk
THREADS = 40        # a ring has room for 32 requests
IN_FLIGHT = 24      # a good part of it


def refused(host):
    """A domain that is in between cannot be handed over, and is named."""
    status, text = host.run(UPDATE.format(3), LIMIT, check=False)
    assert status and "being moved" in text, (status, text)


def finished(host, job, limit=LIMIT):
    """Such as an update that had to wait."""
    status, text = host.ended(job, limit)
    assert not status, text


@test(120, vital=True)
def guest_at_work(s):
    faults.begin(s)


@test(120)
def store_replaced_while_memory_is_copied(s):
    """On both hosts: the source's toolstack loses what it had begun there."""
    going = start(s, "hold,bytes:20000000")
    faults.wait_held(s, going)
    for host in s.rig.hosts:
        host.run(UPDATE.format(30), LIMIT)
    faults.let_go(s)
    return faults.moved(s, going.end())


@test(120)
def store_of_the_source_replaced_while_it_is_quiesced(s):
    """It waits until the domain is gone."""
    here = s.guest.host
    going = start(s, "hold,in:GTM1")
    faults.wait_held(s, going)
    refused(here)
    job = here.spawn(UPDATE.format(200), 250 / 6 + LIMIT)
    time.sleep(1)
    faults.let_go(s)
    m = going.end()
    finished(here, job)
    return faults.moved(s, m)


@test(120)
def store_of_the_source_replaced_and_the_move_fails(s):
    """It waits until the domain goes on."""
    here = s.guest.host
    going = start(s, "hold,in:GTM1")
    faults.wait_held(s, going)
    job = here.spawn(UPDATE.format(200), 250 / 6 + LIMIT)
    here.run("kill $(pgrep -x cutter)")
    faults.let_go(s)
    m = going.end(check=False)
    finished(here, job)
    return stays(s, m)


@test(120)
def store_of_the_destination_replaced_while_it_thaws(s):
    """Between import and introduction: the receiver is stopped by who sees the
    first node that only the guest has written."""
    to = other(s)
    to.run("rm -f /srv/stopped")
    node = f"/local/domain/{s.guest.domid()}/device/vbd/{XVDA}/ring-ref"
    going = start(s)
    wait_until("its devices are set up", 60,
               lambda: "phase restore begin" in going.received())
    # The second event: the first is that the watch was set.  Half a second
    # later it would be too late, so nothing is started in between.
    seen = to.spawn(f"xl=$(pgrep -x xl); xenstore-watch -n 2 {node} && "
                    "kill -STOP $xl && touch /srv/stopped", 100)
    try:
        to.poll("the import", "[ -e /srv/stopped ]", 60)
        finished(to, seen, 100)
        refused(to)
        job = to.spawn(UPDATE.format(200), 250 / 6 + LIMIT)
        time.sleep(1)
    finally:
        to.run("kill -CONT $(pgrep -x xl)")
    m = going.end()
    finished(to, job)
    return faults.moved(s, m)


# ---- Back-ends -----------------------------------------------------------

def throttle(s, per_second):
    for host in s.rig.hosts:
        host.machine.monitor(
            f"block_set_io_throttle shared 0 0 0 {per_second} 0 0")


def busy(s):
    """Fills the ring of a slow disk; answers the requests in flight."""
    throttle(s, NORMAL)
    s.guest.run(f"deepio /dev/xvda {THREADS} > /dev/console 2>&1 &")
    s.guest.wait_console(r"^DEEP ios=[1-9]", 30, s.guest.position())
    throttle(s, SLOW)
    for _ in range(100):
        n = sum(map(int, s.guest.run("cat /sys/block/xvda/inflight")[1]
                    .split()))
        if n >= IN_FLIGHT:
            return n
    raise AssertionError(f"only {n} requests in flight")


def all_go_on(s):
    """Each thread gets on: no request was lost."""
    throttle(s, NORMAL)
    since = s.guest.position()
    line = s.guest.wait_console(r"^DEEP .* slowest=(\d+)$", 20, since)
    enough = int(line.group(1)) + 3
    end = time.monotonic() + 120
    while True:
        line = s.guest.wait_console(r"^DEEP .* errs=0 slowest=(\d+)$", 20,
                                    s.guest.position())
        if int(line.group(1)) >= enough:
            break
        assert time.monotonic() < end, line.group(0)
    s.guest.check_no_errors()


@test(LIMIT)
def back_end_hangs(s):
    """Who would detach the disk hangs; the network card is detached already."""
    here = s.guest.host
    here.run(f"rm -f /srv/stuck; mkfifo /srv/stuck; "
             f"mount --bind /srv/stuck {UNBIND}")
    m = fail(s, environment="LIBXL_TRANSPARENT_TIMEOUT=6")
    here.run(f"umount {UNBIND}")
    said(m, "detaching of back-ends: timed out", "Resumed OK")
    return stays(s, m)


@test(LIMIT)
def back_end_does_not_let_go(s):
    here = s.guest.host
    here.run(f": > /srv/deaf; mount --bind /srv/deaf {UNBIND}")
    m = fail(s)
    here.run(f"umount {UNBIND}")
    said(m, "did not let go", "Resumed OK")
    return stays(s, m)


@test(120)
def disk_is_slow_and_its_ring_full(s):
    """A move like any other: all that was begun is finished first."""
    n = busy(s)
    m = start(s, limit=120).end()
    all_go_on(s)
    return f"{n} in flight, drained in " \
           f"{m.phases['source'].get('drain', 0) / 1000:.1f} s; " \
           + faults.moved(s, m)


@test(120)
def disk_is_too_slow(s):
    """It does not finish in time; then the guest has to wait for it here."""
    throttle(s, SLOW)
    m = fail(s, environment="LIBXL_TRANSPARENT_TIMEOUT=6", limit=120)
    all_go_on(s)
    said(m, "waiting for back-ends to finish what they had begun: timed out",
         "Resumed OK")
    return stays(s, m)


@test(120)
def disk_does_not_come_back(s):
    """Nothing can go on then; when it does, the operator says."""
    throttle(s, VERY_SLOW)
    begun = time.monotonic()
    m = fail(s, environment="LIBXL_TRANSPARENT_TIMEOUT=3", limit=120)
    assert m.status
    said(m, "stands still", "migrate-abort")
    assert names(s.guest.host) == ["g1"]
    throttle(s, NORMAL)
    s.guest.host.run("xl migrate-abort g1", 60)
    paused = time.monotonic() - begun
    all_go_on(s)
    s.guest.run("killall deepio")
    throttle(s, UNLIMITED)
    return stays(s, m, paused)
