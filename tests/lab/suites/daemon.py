# SPDX-License-Identifier: GPL-2.0-only
"""What must hold on a real host whose only xenstored is the one under test.

One boot serves all tests, in this order: the daemon and the tools in dom0,
one guest through its whole life, a guest destroyed while it talks to the
store, ten guests in a row.  What the store and the daemon hold is compared
before and after.
"""
import re

from xenlab.checks import CONCURRENT, TOOLS
from xenlab.guest import Guest
from xenlab.paths import LabTimeout, wait_until
from xenlab.runner import test

RSS_GROWTH_KB = 4096
SOCKET = "/run/xenstored/socket"
KERNEL = "/dev/xen/xenbus"

# Nodes that the toolstack makes with the first guest and leaves for good.
STAY = re.compile(r"(/vm|/libxl|/local/domain/0/(backend|libxl|device)(/\w+)?"
                  r"|/local/domain/0/device-model)( |$)")

STATE = r"""
pid=%d
echo fds $(ls /proc/$pid/fd | wc -l)
echo ports $(lsevtchn 0 | wc -l)
echo grants $(grep -c /dev/xen/gntdev /proc/$pid/maps)
echo rss $(awk '/VmRSS/ { print $2 }' /proc/$pid/status)
echo domains $(xl list | tail -n +2 | wc -l)
echo zombies $(xl list | grep -c -e '(null)' -e ' --ps-d')
echo loops $(losetup -a | wc -l)
"""


def nodes(s):
    """The whole store with permissions, but for what dom0 runs by the clock."""
    lines = s.host.out("xenstore-ls -fp", 20).splitlines()
    return {line for line in lines
            if not line.startswith("/local/domain/0/memory/target")}


def state(s):
    words = s.host.out(STATE % s.pid, 20).split()
    return dict(zip(words[::2], map(int, words[1::2])))


def settle(s, before):
    """Waits until the daemon holds what it held before; answers its state."""
    last = {}

    def same():
        last.clear()
        last.update(state(s))
        return all(last[k] == before[k] for k in before if k != "rss")
    try:
        wait_until("the daemon's state", 5, same, poll=0.5)
    except LabTimeout as e:
        raise AssertionError(f"before {before}, now {last}\n"
                             + s.host.out("xl list; lsevtchn 0; ls -l "
                                          f"/proc/{s.pid}/fd")) from e
    return last


def new_nodes(before, after):
    return sorted(line for line in after - before if not STAY.match(line))


@test(30, vital=True)
def daemon_starts(s):
    """As Debian's init script starts it: it goes to the background itself,
    writes its pid file and answers on its socket."""
    s.host.start_store()
    s.pid = s.host.store_pid()
    return s.host.out(f"readlink /proc/{s.pid}/exe; ls -l {SOCKET}")


@test(30, vital=True)
def toolstack_starts(s):
    """xen-init-dom0, xenconsoled, and the dom0 kernel's own xenbus."""
    s.host.start_tools()
    s.host.poll("the dom0 kernel's nodes",
                "xenstore-exists /local/domain/0/control/feature-poweroff", 5)
    name = s.host.out(f"XENSTORED_PATH={KERNEL} "
                      "xenstore-read /local/domain/0/name domid")
    assert name.split() == ["Domain-0", "0"], name
    s.nodes_at_start = nodes(s)


@test(20, vital=True)
def fpu_in_dom0(s):
    return s.host.check_fpu(2)


@test(20)
def packaged_tools_by_socket(s):
    s.host.run(TOOLS % SOCKET, 20)


@test(20)
def packaged_tools_by_kernel(s):
    s.host.run(TOOLS % KERNEL, 20)


@test(20)
def test_xenstore_by_socket(s):
    s.host.run(f"XENSTORED_PATH={SOCKET} test-xenstore -i 5", 20)


@test(20)
def test_xenstore_by_kernel(s):
    s.host.run(f"XENSTORED_PATH={KERNEL} test-xenstore -i 5", 20)


@test(20)
def kernel_clients_side_by_side(s):
    return s.host.out(CONCURRENT, 20)


@test(60, vital=True)
def guest_with_disk_and_network(s):
    """Unmodified Debian kernel, Debian's hotplug scripts, verified I/O."""
    s.at_start = state(s)
    s.guest = Guest(s.host, "g1")
    s.guest.create()
    s.guest.wait_ready()
    c = s.guest.wait_io(30, 15)
    return f"ios {c['ios']:.0f}, pings {c['rx']:.0f}, errors {c['errs']:.0f}"


@test(10)
def xl_list(s):
    out = s.host.out("xl list g1; xl domname $(xl domid g1); xl vcpu-list g1")
    assert re.search(r"^g1 +\d+ +128 +1 ", out, re.M), out
    assert "\ng1\n" in out, out


@test(20)
def fpu_in_guest(s):
    return s.guest.run("fpucanary 1")[1]


@test(20)
def xl_console(s):
    """A terminal on the guest's console, both ways; Ctrl-] leaves it."""
    job = s.host.spawn("xl console g1", 15, terminal=True)
    wait_until("the console", 10, lambda: "ST t=" in job.output())
    job.send(b"4711 echo typed $((6 * 7))\n")
    wait_until("the guest's answer", 10,
               lambda: ">4711 typed 42" in job.output())
    job.send(b"\x1d")
    assert job.wait(60), "xl console does not end"
    assert not job.timed_out, "xl console did not end in time"


@test(30)
def guest_uses_xenstore(s):
    """Over its own ring: read, write, list, watch, transaction, refusal."""
    status, out = s.guest.run("xsclient /dev/xen/xenbus check data/lab", 20,
                              check=False)
    assert status == 0, out
    assert "denied-elsewhere ok" in out, out
    return out.splitlines()[-1]


@test(20)
def pause_and_unpause(s):
    s.host.run("xl pause g1")
    listed = s.host.out("xl list g1")
    assert re.search(r" --p--- ", listed), listed
    s.host.run("sleep 0.5")
    stopped = s.guest.position()
    s.host.run("sleep 1.5")
    ran = s.guest.console_text(stopped)
    assert not ran, f"the paused guest printed:\n{ran}"
    s.host.run("xl unpause g1")
    s.guest.wait_progress()


@test(40)
def block_attach_and_detach(s):
    """A second disk; what the guest writes on it is what dom0 finds.  The
    guest's other work rests meanwhile: it takes half of the one processor."""
    s.guest.run("killall -STOP iotest")
    s.host.run("truncate -s 4M /srv/extra.img; xl block-attach g1 "
               "format=raw,vdev=xvdb,access=rw,target=/srv/extra.img", 20)
    out = s.guest.run(
        "for i in $(seq 100); do [ -b /dev/xvdb ] && break; usleep 100000; "
        "done; dd if=/dev/urandom of=/x bs=64k count=16 2>/dev/null; "
        "dd if=/x of=/dev/xvdb bs=64k conv=fsync 2>/dev/null; md5sum < /x")[1]
    found = s.host.out("head -c 1M /srv/extra.img | md5sum")
    assert found == out.strip(), (found, out)
    s.host.run("xl block-detach g1 xvdb", 20)
    s.guest.run("for i in $(seq 100); do [ -b /dev/xvdb ] || exit 0; "
                "usleep 100000; done; exit 1")
    assert "xvdb" not in s.host.out("xl block-list g1")
    assert "extra" not in s.host.out("losetup -a")


@test(40)
def network_attach_and_detach(s):
    """A second interface, which reaches dom0."""
    s.host.run("ip address add 10.0.1.1/24 dev xenbr0; "
               "xl network-attach g1 mac=00:16:3e:00:01:01 bridge=xenbr0", 20)
    s.guest.run("for i in $(seq 100); do [ -e /sys/class/net/eth1 ] && break; "
                "usleep 100000; done; ip addr add 10.0.1.2/24 dev eth1; "
                "ip link set eth1 up; ping -c 2 -W 10 10.0.1.1", 20)
    listed = s.host.out("xl network-list g1")
    assert "00:16:3e:00:01:01" in listed, listed
    s.host.run("xl network-detach g1 00:16:3e:00:01:01", 20)
    s.guest.run("for i in $(seq 100); do [ -e /sys/class/net/eth1 ] || "
                "exit 0; usleep 100000; done; exit 1")
    s.guest.run("killall -CONT iotest")
    s.guest.wait_progress()


@test(60)
def reboot(s):
    """Asked over control/shutdown; the same guest comes back as a new one."""
    old = s.guest.domid()
    since = s.guest.position()
    s.host.run("xl reboot g1")
    s.guest.wait_ready(since)
    s.guest.wait_io(10, 5, since=since)
    new = s.guest.domid()
    assert new > old, (old, new)
    return f"domain {old} came back as {new}"


@test(40)
def destroyed_in_mid_request(s):
    """The guest hammers the store with two clients when xl destroy comes."""
    domid = s.guest.domid()
    since = s.guest.position()
    for i in (1, 2):
        s.guest.run(f"setsid xsclient /dev/xen/xenbus hammer data/h{i} 600 "
                    "> /dev/console 2>&1 &")
    s.guest.wait_console(r"^XS hammering(.*\n)+XS hammering", 20, since)
    s.guest.check_no_errors()
    s.guest.destroy()
    assert s.host.store_pid() == s.pid
    s.host.run(f"kill -0 {s.pid} && xenstore-ls / > /dev/null")
    s.host.poll(f"no node of domain {domid}",
                f"! xenstore-ls -f | grep -E '^/(local/domain|libxl)/{domid}"
                f"( |/)|/backend/[a-z]+/{domid}( |/)'", 10)


@test(60)
def shutdown(s):
    """A guest without devices is asked to shut down and does."""
    guest = Guest(s.host, "g2", 2, disk=False, net=False)
    guest.create()
    guest.wait_ready()
    s.host.run("xl shutdown -w g2", 30)
    s.host.poll("g2 is gone", "! xl domid g2 2> /dev/null", 10)


@test(30)
def nothing_left_of_them(s):
    now = settle(s, s.at_start)
    left = new_nodes(s.nodes_at_start, nodes(s))
    assert not left, "left in the store:\n" + "\n".join(left)
    return str(now)


@test(120)
def ten_guests_in_a_row(s):
    """Created and destroyed at different moments of their start, with and
    without devices."""
    before, nodes_before = state(s), nodes(s)
    guests = [Guest(s.host, f"t{i}", 10 + i, disk=i in (0, 4),
                    net=i in (0, 7), idle=True) for i in range(10)]
    s.host.run("\n".join(g.prepare_script() for g in guests))
    for i, guest in enumerate(guests):
        # One command each, so that the moment of the end is what it says.
        s.host.run(f"xl create {guest.config_file} && sleep 0.{i} && "
                   f"xl destroy {guest.name}", 40)
    after = settle(s, before)
    left = sorted(nodes(s) ^ nodes_before)
    assert not left, "not as before in the store:\n" + "\n".join(left)
    grown = after["rss"] - before["rss"]
    assert grown < RSS_GROWTH_KB, f"the daemon grew by {grown} kB"
    return f"{after}, grown by {grown} kB"


@test(10)
def daemon_still_the_same(s):
    assert s.host.store_pid() == s.pid
    s.host.run(f"kill -0 {s.pid} && xenstore-list / > /dev/null")
    bad = s.host.out("dmesg | grep -iE 'segfault|BUG:|general protection|"
                     "xenbus.*(fail|error|timeout)' || true")
    assert not bad, bad
    s.host.check_emulator()
