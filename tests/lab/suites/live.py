# SPDX-License-Identifier: GPL-2.0-only
"""Live update on a real host, from Debian's daemon to ours and back.

The suite starts with the daemon it is run on (--xenstored debian-c or
debian-ocaml; also our) and updates it with Debian's unmodified
xenstore-control while a guest works on its disk and network.  After every
step the guest, the toolstack and dom0's kernel must find the store as it was.
"""
import re

from xenlab.guest import Guest
from xenlab.runner import test

OURS = "/our/bin/xenstored"
C_417 = "/usr/lib/xen-4.17/bin/xenstored"
PLACES = {"ours": OURS, "4.17": C_417}
UPDATE_LIMIT = 40


def nodes(s):
    """Without what differs between daemons: only oxenstored shows the event
    names as nodes."""
    text = s.host.out("xenstore-ls -fp", 20).splitlines()
    return {line for line in text
            if not line.startswith(("/local/domain/0/memory/target",
                                    "/tool/xenstored", "/@"))}


def update(s, to):
    """One step; who runs afterwards is looked at, not believed."""
    before = nodes(s)
    since = s.guest.position()
    s.host.run(f"xenstore-control live-update -t 20 {PLACES[to]}",
               UPDATE_LIMIT)
    exe = s.host.out(f"readlink /proc/{s.pid}/exe").strip()
    assert exe == PLACES[to], exe
    after = nodes(s)
    assert after == before, sorted(before ^ after)
    s.guest.wait_progress(10, 10, 20)
    out = s.guest.run(f"xsclient /dev/xen/xenbus check data/{s.step}", 20)[1]
    since_text = s.guest.console_text(since)
    assert not re.search(r"xenbus|blkfront|netfront|BUG|Oops", since_text), \
        since_text
    since = s.guest.position()
    s.host.run("xl sysrq g1 h")
    s.guest.wait_console(r"sysrq: HELP", 10, since)
    s.step += 1
    return f"pid {s.pid} is {exe}; {out.splitlines()[-1]}"


@test(30, vital=True)
def daemon_and_toolstack_start(s):
    s.host.start_store()
    s.pid = s.host.store_pid()
    s.host.start_tools()
    s.step = 1
    return s.host.out(f"readlink /proc/{s.pid}/exe")


@test(60, vital=True)
def guest_with_disk_and_network(s):
    s.guest = Guest(s.host, "g1")
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)


@test(60, vital=True)
def to_ours(s):
    return update(s, "ours")


@test(60)
def ours_to_ours(s):
    return update(s, "ours")


@test(60)
def a_guest_comes_and_goes(s):
    """VIRQ_DOM_EXC and new rings work after an update."""
    guest = Guest(s.host, "g2", 2, disk=False, net=False)
    guest.create()
    guest.wait_ready()
    domid = guest.domid()
    guest.destroy()
    s.host.poll("no node of it",
                f"! xenstore-ls -f | grep -E '^/(local/domain|libxl)/{domid}"
                "( |/)'", 10)


@test(60)
def refused_for_a_wrong_program(s):
    """The daemon goes on as if nothing had been asked."""
    s.host.run("! xenstore-control live-update -t 10 /bin/true", UPDATE_LIMIT)
    exe = s.host.out(f"readlink /proc/{s.pid}/exe").strip()
    assert exe == OURS, exe
    s.guest.wait_progress()


@test(60)
def confined(s):
    """What the daemon starts, even as its successor, is refused everything
    that tests/confine/probe.c tries; and it has no rights itself."""
    said = s.host.out("xenstore-control live-update -t 10 "
                      "/our/tests/confine/probe 2>&1 || :", UPDATE_LIMIT)
    assert re.search(r"\(exit status 1\): refused all \d+", said), said
    status = s.host.out(f"cat /proc/{s.pid}/status")
    assert re.search(r"^CapBnd:\s0+$", status, re.M), status
    assert re.search(r"^CapEff:\s0+$", status, re.M), status
    assert re.search(r"^Seccomp:\s2$", status, re.M), status
    s.guest.wait_progress()
    return said.strip()


@test(60)
def ours_to_4_17(s):
    return update(s, "4.17")


@test(60)
def and_to_ours_again(s):
    return update(s, "ours")


@test(40)
def devices_can_change(s):
    s.guest.run("killall -STOP iotest")
    s.host.run("truncate -s 4M /srv/extra.img; xl block-attach g1 "
               "format=raw,vdev=xvdb,access=rw,target=/srv/extra.img", 20)
    s.guest.run("for i in $(seq 100); do [ -b /dev/xvdb ] && exit 0; "
                "usleep 100000; done; exit 1", 20)
    s.host.run("xl block-detach g1 xvdb", 20)
    s.guest.run("killall -CONT iotest")
    s.guest.wait_progress()


@test(40)
def shutdown(s):
    domid = s.guest.domid()
    s.host.run("xl shutdown -w g1", 30)
    s.host.poll("no node of it",
                f"! xenstore-ls -f | grep -E '^/(local/domain|libxl)/{domid}"
                f"( |/)|/backend/[a-z]+/{domid}( |/)'", 10)
    assert s.host.out("xenstore-control check").strip() == "OK"
