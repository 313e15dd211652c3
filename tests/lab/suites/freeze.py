# SPDX-License-Identifier: GPL-2.0-only
"""A running guest's store state, frozen and thawed on the same host.

The guest is paused meanwhile, and must not notice: not a line on its console,
its work goes on, its watches fire, its devices can still be changed.
"""
import re

from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

XSDUMP = "/our/bin/xsdump"
BLOB = "/tmp/g1.blob"
ROUNDS = 3

# The whole store over CONTROL, a piece a line.  Through the kernel all programs
# are one connection, which an export or import belongs to.
EXPORT_ALL = r"""
set -e
export XENSTORED_PATH=/dev/xen/xenbus
size=$(xenstore-control export begin all)
echo $size > /tmp/whole
for at in $(seq 0 2880 $((size - 1))); do
	echo $at $(xenstore-control export read $at)
done >> /tmp/whole
xenstore-control export end
"""
IMPORT_ALL = r"""
set -e
export XENSTORED_PATH=/dev/xen/xenbus
exec < /tmp/whole
read size
xenstore-control import begin $size
while read at piece; do
	xenstore-control import write $at $piece > /tmp/said
done
xenstore-control import commit all
xenstore-control import end
"""
# Clients of the daemon's socket end with it, or have to.
END_DAEMON = r"""
kill -9 %d
killall -q -9 xl
kill $(cat /run/xenconsoled.pid)
sleep 1
"""
CONSOLED = "xenconsoled --log=guest --log-dir=/res/guests " \
           "--pid-file=/run/xenconsoled.pid"

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


@test(90)
def a_new_daemon_goes_on(s):
    """The old one is killed; the new one gets its state over CONTROL.  A guest
    that is paused meanwhile does not notice, nor does dom0's kernel, which has
    its back-ends."""
    guest = Guest(s.host, "g2", 2, memory=96, disk=False, net=False,
                  idle=True)
    guest.create()
    guest.wait_ready()
    witness = Witness(guest)
    witness.hold()
    s.host.run("xl pause g2")
    nodes = "xenstore-ls -fp /local/domain/$(xl domid g2); " \
            "xenstore-ls -fp /local/domain/0/backend"
    before = s.host.out(nodes)
    s.host.run(EXPORT_ALL, 30)
    s.host.run(END_DAEMON % s.host.store_pid(), 20)
    s.host.start_store()
    said = s.host.out(IMPORT_ALL, 30)
    assert "\nok" in said and "problem" not in said, said
    after = s.host.out(nodes)
    assert after == before, (before, after)
    s.host.run(CONSOLED)
    s.host.run("xl unpause g2")
    witness.watch_fires()
    witness.transaction_commits()
    guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
    s.host.run("truncate -s 4M /srv/more.img; xl block-attach g2 "
               "format=raw,vdev=xvdb,access=rw,target=/srv/more.img", 20)
    guest.run("for i in $(seq 100); do [ -b /dev/xvdb ] && exit 0; "
              "usleep 100000; done; exit 1", 20)
    guest.destroy()
    return said.strip().replace("\n", "; ")
