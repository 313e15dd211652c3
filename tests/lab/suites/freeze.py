# SPDX-License-Identifier: GPL-2.0-only
"""A running guest's store state, frozen and thawed on the same host.

The guest is paused meanwhile, and must not notice: not a line on its console,
its work goes on, its watches fire, its devices can still be changed.
"""
import re

from xenlab.guest import Guest
from xenlab.runner import test

XSDUMP = "/our/bin/xsdump"
BLOB = "/tmp/g1.blob"
ROUNDS = 3

# What a kernel says when it was suspended or a device was made anew.
NOTICED = re.compile(r"Freezing|suspend|resum|Restarting tasks|grant[_ ]table"
                     r"|xen_netfront|blkfront|xenbus|Setting capacity", re.I)


def area(s):
    """The nodes that relate to the guest, with permissions."""
    domid = s.guest.domid()
    text = s.host.out("xenstore-ls -fp", 20)
    return [line for line in text.splitlines()
            if re.search(rf"^/(local/domain|libxl)/{domid}/|^/vm/"
                         rf"|/backend/[a-z]+/{domid}/", line)]


@test(30, vital=True)
def daemon_and_toolstack_start(s):
    s.host.start_store()
    s.pid = s.host.store_pid()
    s.host.start_tools()


@test(60, vital=True)
def guest_with_disk_and_network(s):
    s.guest = Guest(s.host, "g1")
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)


@test(30)
def captured_while_it_runs(s):
    """Looking at a domain's state changes nothing."""
    before = area(s)
    said = s.host.out(f"{XSDUMP} capture $(xl domid g1) -o {BLOB}; "
                      f"ls -l {BLOB}")
    assert area(s) == before
    s.guest.wait_progress()
    return said.splitlines()[0]


@test(60)
def frozen_and_thawed(s):
    """Several times; what comes out is what went in."""
    s.guest.run("xsclient /dev/xen/xenbus check data/before", 20)
    since = s.guest.position()
    for _ in range(ROUNDS):
        s.host.run("xl pause g1")
        before = area(s)
        s.host.run(f"set -e; d=$(xl domid g1); xenstore-control quiesce $d; "
                   f"{XSDUMP} capture $d -o {BLOB}; "
                   f"{XSDUMP} inject {BLOB}; xenstore-control resume $d", 30)
        after = area(s)
        assert after == before, sorted(set(before) ^ set(after))
        s.host.run("xl unpause g1")
        s.guest.wait_progress(10, 10, 20)
    noticed = [line for line in s.guest.console_text(since).splitlines()
               if NOTICED.search(line)]
    assert not noticed, "the guest noticed:\n" + "\n".join(noticed)
    return f"{ROUNDS} rounds, {len(before)} nodes"


@test(20)
def its_watches_fire(s):
    """The kernel's own watch of control/sysrq was set before the freeze."""
    since = s.guest.position()
    s.host.run("xl sysrq g1 h")
    s.guest.wait_console(r"sysrq: HELP", 10, since)


@test(30)
def its_ring_works(s):
    out = s.guest.run("xsclient /dev/xen/xenbus check data/after", 20)[1]
    return out.splitlines()[-1]


@test(40)
def its_devices_can_change(s):
    s.guest.run("killall -STOP iotest")
    s.host.run("truncate -s 4M /srv/extra.img; xl block-attach g1 "
               "format=raw,vdev=xvdb,access=rw,target=/srv/extra.img", 20)
    s.guest.run("for i in $(seq 100); do [ -b /dev/xvdb ] && exit 0; "
                "usleep 100000; done; exit 1", 20)
    s.host.run("xl block-detach g1 xvdb", 20)
    s.guest.run("for i in $(seq 100); do [ -b /dev/xvdb ] || exit 0; "
                "usleep 100000; done; exit 1", 20)
    s.guest.run("killall -CONT iotest")
    s.guest.wait_progress()


@test(20)
def a_cancelled_move(s):
    """Quiesced and resumed, with the guest running and asking meanwhile."""
    s.host.run("d=$(xl domid g1); xenstore-control quiesce $d; sleep 1; "
               "xenstore-control resume $d", 15)
    s.guest.run("xsclient /dev/xen/xenbus check data/cancelled", 20)


@test(40)
def shutdown(s):
    domid = s.guest.domid()
    s.host.run("xl shutdown -w g1", 30)
    s.host.poll("no node of it",
                f"! xenstore-ls -f | grep -E '^/(local/domain|libxl)/{domid}"
                f"( |/)|/backend/[a-z]+/{domid}( |/)'", 10)


@test(10)
def daemon_is_well(s):
    assert s.host.store_pid() == s.pid
    assert s.host.out("xenstore-control check").strip() == "OK"
