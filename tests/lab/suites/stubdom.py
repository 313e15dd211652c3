# SPDX-License-Identifier: GPL-2.0-only
"""A host whose xenstore is a domain of its own, started by Debian's unmodified
init-xenstore-domain on Debian's unmodified hypervisor.

One boot serves all tests, in this order: the domain and the tools in dom0, a
guest with disk and network under which the store is replaced, guests that mean
harm, tables that are full, ten guests in a row, and at the end the store's own
end, by an exception.  To be run with --xenstored none: no daemon may have spoken
to dom0's kernel before.
"""
import json
import re
import struct
from pathlib import Path

from xenlab import stubstore
from xenlab.checks import CONCURRENT, TOOLS
from xenlab.guest import Guest
from xenlab.paths import LabTimeout, wait_until
from xenlab.runner import test
from xenlab.stubstore import IMAGE, MEMORY, NAME
from xenlab.witness import Witness

KERNEL = "/dev/xen/xenbus"
CONTROL = "/usr/lib/xen-4.17/bin/xenstore-control"
REPLACE = "/our/bin/xenstore-domain-replace"
# What a new console makes new, and what the test's own guest writes.
MAY_CHANGE = re.compile(r"/console/(port|ring-ref|tty) |/data/(held|watched) ")
# ELF: the entry point's and the first program header's places, in that p_offset
# and p_vaddr; an instruction that faults, before there is anybody to be told.
E_ENTRY, E_HEADER, P_OFFSET, UD2 = 24, 64, 8, b"\x0f\x0b"
# Growth of the heap over ten guests: what the allocator keeps for later.
GROWTH_PAGES = 16

# Event channels without FIFO queues; rings that are more than the least a
# domain can be made for, which is a page of handles.
OLD_PORTS, CROWD = 4096, 300

# Nodes that the toolstack makes with the first guest and leaves for good.
STAY = re.compile(r"(/vm|/libxl|/local/domain/0/(backend|libxl|device)(/\w+)?"
                  r"|/local/domain/0/device-model)( |$)")

# Writes until there is no memory: 64 nodes of 3000 bytes at a time.
FILL = r"""
value=$(printf %03000d 0)
for i in $(seq 100); do
	args=
	for j in $(seq 64); do args="$args /lab-fill/$i/$j $value"; done
	xenstore-write $args || { echo "refused in round $i"; exit 0; }
done
exit 1
"""

# How xenconsoled was started.
CONSOLED = r"""
for p in /proc/[0-9]*; do
	[ "$(cat $p/comm 2>&1)" = xenconsoled ] && tr '\0' ' ' < $p/cmdline
done
:
"""

# The whole store in pieces.
EXPORT = r"""
size=$($control export begin all)
at=0
while [ $at -lt $size ]; do
	$control export read $at | base64 -d || exit 1
	at=$((at + 2880))
done > /res/whole.state
$control export end
[ $(stat -c %s /res/whole.state) = $size ]
"""


def console(s):
    return stubstore.console(s.host)


def wait_said(s, pattern, since=0, limit=10):
    return stubstore.wait_said(s.host, pattern, since, limit)


def nodes(s):
    """The whole store with permissions, but for what dom0 runs by the clock."""
    lines = s.host.out("xenstore-ls -fp", 20).splitlines()
    return {line for line in lines
            if not line.startswith("/local/domain/0/memory/target")}


def heap_free(s):
    """Asked by an NMI, which the stub domain answers on its console."""
    since = len(console(s))
    s.host.run(f"xl trigger {s.domid} nmi")
    said = wait_said(s, r"heap: (\d+) of (\d+) pages free", since)
    return int(said.group(1))


def state(s):
    return {
        "ports": len(s.host.out(f"lsevtchn {s.domid}").splitlines()),
        "domains": len(s.host.out("xl list").splitlines()),
        "dying": int(s.host.out("xl list | grep -c -e '(null)' -e ' --ps-d' "
                                "|| true")),
    }


def settle(s, before):
    """Waits until ports and domains are as before.  A ring that is still mapped
    keeps its dead domain in the list."""
    try:
        wait_until("ports and domains as before", 10,
                   lambda: state(s) == before, poll=0.5)
    except LabTimeout as e:
        raise AssertionError(f"before {before}, now {state(s)}") from e


@test(60, vital=True)
def stub_domain_starts(s):
    s.domid, seconds = stubstore.start(s.host)
    return f"domain {s.domid}, first answer to a tool after {seconds:.2f} s"


@test(30, vital=True)
def toolstack_starts(s):
    """xen-init-dom0, xenconsoled, and the dom0 kernel's own xenbus."""
    stubstore.start_tools(s.host, s.domid)
    name = s.host.out("xenstore-read /local/domain/0/name domid")
    assert name.split() == ["Domain-0", "0"], name
    s.nodes_at_start = nodes(s)


@test(20, vital=True)
def it_says_how_it_is(s):
    said = wait_said(s, r"serving.*")
    listed = s.host.out(f"xl list {s.domid}").splitlines()[-1].split()
    assert listed[0] == NAME and int(listed[2]) == MEMORY, listed
    return said.group(0)


@test(20)
def packaged_tools(s):
    s.host.run(TOOLS % KERNEL, 20)


@test(20)
def test_xenstore(s):
    s.host.run(f"XENSTORED_PATH={KERNEL} test-xenstore -i 5", 20)


@test(20)
def clients_side_by_side(s):
    return s.host.out(CONCURRENT.replace("/run/xenstored/socket", KERNEL), 20)


@test(20)
def control_commands(s):
    assert "OK" in s.host.out(f"{CONTROL} check")
    assert "watches" in s.host.out(f"{CONTROL} quota")
    status, out = s.host.run(f"{CONTROL} live-update /bin/true 2>&1", 30,
                             check=False)
    assert status and "no image of a stub domain" in out, out


@test(60, vital=True)
def guest_with_disk_and_network(s):
    """Unmodified Debian kernel, Debian's hotplug scripts, verified I/O."""
    s.at_start = state(s)
    s.guest = Guest(s.host, "g1")
    s.guest.create()
    s.guest.wait_ready()
    c = s.guest.wait_io(30, 15)
    return f"ios {c['ios']:.0f}, pings {c['rx']:.0f}, errors {c['errs']:.0f}"


@test(30)
def guest_uses_xenstore(s):
    """Over its own ring: read, write, list, watch, transaction, refusal."""
    status, out = s.guest.run("xsclient /dev/xen/xenbus check data/lab", 20,
                              check=False)
    assert status == 0, out
    assert "denied-elsewhere ok" in out, out
    return out.splitlines()[-1]


def update(s):
    """Seconds that it took."""
    out = s.host.out(f"time -p {CONTROL} live-update {IMAGE} 2>&1", 60)
    return float(re.search(r"real +(\S+)", out).group(1))


@test(90)
def another_image_takes_over(s):
    """Debian's xenstore-control sends the image, which goes on in the place of
    the one that runs; twice, and nothing changes in the store or for the
    guest."""
    before, held, since = nodes(s), state(s), len(console(s))
    seconds = [update(s)]
    wait_said(s, r"serving", since)
    s.guest.wait_progress()
    seconds.append(update(s))
    changed = sorted(nodes(s) ^ before)
    assert not changed, "changed in the store:\n" + "\n".join(changed)
    settle(s, held)
    s.guest.wait_progress()
    s.guest.check_no_errors()
    s.guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
    return f"{seconds} s"


def replace(s, options="", check=True):
    """xenstore-domain-replace; answers its status and what it said."""
    return s.host.run(f"{REPLACE} {options or '--kernel ' + IMAGE} 2>&1", 60,
                      check=check)


def another_domain_serves(s, before, held):
    """Nothing changed in the store or for the guest, and the ports are there.
    The console of the domain is a new one, so is its node."""
    changed = sorted(line for line in nodes(s) ^ before
                     if not MAY_CHANGE.search(line))
    assert not changed, "changed in the store:\n" + "\n".join(changed)
    listed = s.host.out(f"xl list {s.domid}").splitlines()[-1].split()
    assert listed[0] == NAME and int(listed[2]) == MEMORY, listed
    settle(s, held)
    s.guest.wait_progress()
    s.guest.check_no_errors()
    s.guest.run("xsclient /dev/xen/xenbus check data/lab", 20)


@test(90)
def another_domain_takes_over(s):
    """With the same number; twice.  Whoever asks meanwhile is answered by the
    successor."""
    s.witness = Witness(s.guest)
    s.witness.hold()
    before, held, since = nodes(s), state(s), len(console(s))
    s.host.run("(for i in $(seq 100); do xenstore-read domid || exit 1; done; "
               "echo all) > /res/asking 2>&1 &")
    said = replace(s)[1]
    wait_said(s, r"serving", since)
    s.witness.watch_fires()
    s.witness.transaction_commits()
    said += replace(s)[1]
    s.host.poll("who asked all the time", "grep -q all /res/asking", 60)
    weight = s.host.out(f"xl sched-credit -d {s.domid}")
    assert str(stubstore.WEIGHT) in weight, weight
    another_domain_serves(s, before, held)
    return " ".join(re.findall(r"after (\d+) ms", said)) + " ms"


@test(60)
def the_state_cannot_be_kept(s):
    """The old domain goes on."""
    before, held = nodes(s), state(s)
    status, said = replace(s, f"--kernel {IMAGE} --state /proc/state", False)
    assert status == 1 and "goes on" in said, said
    assert not nodes(s) ^ before
    settle(s, held)
    s.guest.wait_progress()


def make_broken(s):
    """An image that is one, but for its first instruction."""
    broken = bytearray((Path(s.host.config.our) /
                        "stubdom/xenstored-stubdom").read_bytes())
    # Of the only segment: where it is in the file, and to be in memory.
    entry, = struct.unpack_from("<Q", broken, E_ENTRY)
    offset, address = struct.unpack_from("<QQ", broken, E_HEADER + P_OFFSET)
    at = entry - address + offset
    broken[at:at + len(UD2)] = UD2
    (s.host.results / "broken").write_bytes(broken)
    return "/res/broken"


@test(60)
def an_image_that_ends_at_once(s):
    """Domains of it are tried, then the one that was there."""
    before, held = nodes(s), state(s)
    broken = make_broken(s)
    said = replace(s, f"--kernel {broken} --fallback {IMAGE}")[1]
    assert "WITH THE SECOND IMAGE" in said, said
    another_domain_serves(s, before, held)
    return said.splitlines()[-1]


@test(90)
def nobody_takes_over(s):
    """There is no xenstore then, but its state; and the next try has it, and
    starts xenconsoled again as it was.  Meanwhile dom0 cannot have the place:
    the guest's port and grant are for another domain."""
    before, held, domid = nodes(s), state(s), s.guest.domid()
    consoled = s.host.out(CONSOLED)
    assert "xenconsoled" in consoled, consoled
    broken = make_broken(s)
    status, said = replace(s, f"--kernel {broken} --fallback {broken}", False)
    assert status == 3 and "THERE IS NO XENSTORE" in said, said
    assert not s.host.out(CONSOLED), "it holds a page of the dead domain"
    for way, why in (("bind", "Invalid argument"), ("grant", "")):
        status, said = s.host.run(f"/our/bin/ringtool {domid} {way} 2>&1",
                                  check=False)
        assert status == 1 and f"ringtool: {way}: {why}" in said, said
    said = replace(s)[1]
    assert s.host.out(CONSOLED) == consoled, s.host.out(CONSOLED)
    another_domain_serves(s, before, held)
    return said.splitlines()[-1]


@test(60)
def whole_store_leaves_over_control(s):
    """In pieces; all programs of dom0 are one connection to the store."""
    s.host.run(f"control={CONTROL}\n{EXPORT}", 60)
    s.host.run("/our/bin/xsdump verify /res/whole.state", 20)
    out = s.host.out("/our/bin/xsdump json -c /res/whole.state", 20)
    found = {node["path"] for node in json.loads(out)["nodes"]}
    missing = {line.split(" = ")[0] for line in nodes(s)} - found
    assert not missing, f"not in the export: {sorted(missing)}"
    return s.host.out("stat -c '%s bytes' /res/whole.state")


@test(60)
def reboot(s):
    """Asked over control/shutdown; the same guest comes back as a new one."""
    old = s.guest.domid()
    since = s.guest.position()
    s.host.run("xl reboot g1")
    s.guest.wait_ready(since)
    new = s.guest.domid()
    assert new > old, (old, new)
    return f"domain {old} came back as {new}"


@test(40)
def destroyed_in_mid_request(s):
    """The guest hammers the store with two clients when xl destroy comes."""
    since = s.guest.position()
    for i in (1, 2):
        s.guest.run(f"setsid xsclient /dev/xen/xenbus hammer data/h{i} 600 "
                    "> /dev/console 2>&1 &")
    s.guest.wait_console(r"^XS hammering(.*\n)+XS hammering", 20, since)
    s.guest.check_no_errors()
    s.guest.destroy()
    settle(s, s.at_start)
    left = sorted(line for line in nodes(s) - s.nodes_at_start
                  if not STAY.match(line))
    assert not left, "left in the store:\n" + "\n".join(left)


def idle_guest(s, number):
    """At work with the store only; answers the guest and its domid."""
    guest = Guest(s.host, f"h{number}", 30 + number, memory=96, disk=False,
                  net=False, idle=True)
    guest.create()
    guest.wait_ready()
    return guest, guest.domid()


@test(120)
def hostile_ring_pages(s):
    """Indexes that no ring can have, bytes by chance, a page that goes, each
    under a guest at work: the store goes on, who has such indexes is ignored,
    and nothing of it stays.  Linux may make such a ring empty before the store
    looks at it, so it is done once more to a guest that does not run."""
    before = state(s)
    for number, harm in enumerate(("indexes", "garbage", "unmap")):
        since = len(console(s))
        guest, domid = idle_guest(s, number)
        guest.run("setsid xsclient /dev/xen/xenbus hammer data/h 600 "
                  "> /dev/console 2>&1 &")
        guest.wait_console(r"^XS hammering", 20)
        s.host.run(f"/our/bin/ringtool {domid} {harm}")
        if harm != "unmap":
            s.host.run(f"xl pause {domid} && /our/bin/ringtool {domid} {harm}")
        # The guest watches it: something is to be written into its ring.
        s.host.run(f"xenstore-write /local/domain/{domid}/control/sysrq h")
        if harm != "unmap":
            wait_said(s, rf"ring domid={domid} ignored", since)
            s.host.run(f"xl unpause {domid}")
        s.host.run(f"{CONTROL} check && xenstore-read domid && "
                   f"xenstore-write /lab-1 x && xenstore-rm /lab-1")
        guest.destroy()
        settle(s, before)


@test(120)
def no_port_left(s):
    """The domain has as many event channels as it needs now: the next guest
    has no xenstore, all others have; and with its end all is as before."""
    held = state(s)
    guest, _ = idle_guest(s, 0)
    ports = [int(n) for n in re.findall(r"^ *(\d+):", s.host.out(
        f"lsevtchn {s.domid}"), re.M)]
    replace(s, f"--kernel {IMAGE} --ports {max(ports)}")
    full = state(s)
    since = len(console(s))
    status, said = s.host.run("xl create -p /srv/h0.cfg name='\"h9\"'", 40,
                              check=False)
    assert status, said
    said = wait_said(s, r"introduce domid=.*", since).group(0)
    guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
    settle(s, full)
    guest.destroy()
    replace(s)
    settle(s, held)
    guest, domid = idle_guest(s, 1)
    assert re.search(rf"domid={domid} introduced=yes",
                     s.host.out(f"{CONTROL} domains"))
    guest.destroy()
    return f"{max(ports)} ports; {said}"


@test(120)
def no_grant_handle_left(s):
    """The domain can map no more rings: who comes next is refused, all others
    go on, and what is given back serves the next."""
    held = state(s)
    guest, _ = idle_guest(s, 0)
    replace(s, f"--kernel {IMAGE} --rings 1")
    full = state(s)
    said = s.host.out(f"/our/bin/crowd make {s.domid} {CROWD}", 60)
    assert re.match(r"\d+ introduced, then: No space left", said), said
    guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
    s.host.run(f"{CONTROL} check && xenstore-write /lab-1 x && "
               "xenstore-rm /lab-1")
    s.host.run("/our/bin/crowd end", 60)
    settle(s, full)
    other, domid = idle_guest(s, 1)
    assert re.search(rf"domid={domid} introduced=yes",
                     s.host.out(f"{CONTROL} domains"))
    other.destroy()
    guest.destroy()
    replace(s)
    settle(s, held)
    return said


@test(90)
def more_ports_than_4096(s):
    """As many as the older interface to event channels has are taken when the
    guest comes."""
    held = state(s)
    s.host.run(f"/our/bin/ringtool {s.domid} ports {OLD_PORTS}", 30)
    guest, domid = idle_guest(s, 0)
    line = s.host.out(f"lsevtchn {s.domid} | grep 'Domain {domid},'")
    port = int(line.split(":")[0])
    assert port > OLD_PORTS, line
    guest.run("xsclient /dev/xen/xenbus check data/lab", 20)
    s.host.out(f"{CONTROL} check")
    guest.destroy()
    replace(s)
    settle(s, held)
    return f"port {port}"


@test(120)
def ten_guests_in_a_row(s):
    """Created and destroyed at different moments of their start, with and
    without devices.  No port, no mapped ring, no node, no memory stays."""
    before, nodes_before, free = state(s), nodes(s), heap_free(s)
    guests = [Guest(s.host, f"t{i}", 10 + i, memory=96, disk=i in (0, 4),
                    net=i in (0, 7), idle=True) for i in range(10)]
    s.host.run("\n".join(g.prepare_script() for g in guests))
    for i, guest in enumerate(guests):
        s.host.run(f"xl create {guest.config_file} && sleep 0.{i} && "
                   f"xl destroy {guest.name}", 40)
    settle(s, before)
    left = sorted(nodes(s) ^ nodes_before)
    assert not left, "not as before in the store:\n" + "\n".join(left)
    used = free - heap_free(s)
    assert used <= GROWTH_PAGES, f"{used} pages of the heap did not come back"
    return f"{before}, {used} of {free} free pages less"


@test(90)
def no_memory_left(s):
    """dom0, which has no quota, fills the store: it is refused, everything goes
    on, and what is removed can be used again."""
    free = heap_free(s)
    said = s.host.out(FILL, 60)
    assert "refused" in said, said
    full = heap_free(s)
    s.host.run("xenstore-read /local/domain/0/name && "
               f"{CONTROL} check && xenstore-ls -f / > /dev/null", 20)
    s.host.run("xenstore-rm /lab-fill", 20)
    s.host.run("xenstore-write /lab-again 1 && xenstore-rm /lab-again")
    used = free - heap_free(s)
    assert used <= GROWTH_PAGES, f"{used} pages of the heap did not come back"
    return f"{said.splitlines()[-1]}, {full} pages free then"


@test(20)
def nmi_shows_where_it_is(s):
    """And changes nothing."""
    since = len(console(s))
    s.host.run(f"xl trigger {s.domid} nmi")
    said = wait_said(s, r"non-maskable interrupt[^$]*heap: .*\n", since)
    for name in ("xs_sleep", "plat_wait", "xs_server_turn", "main", "xs_boot"):
        assert re.search(rf"  [0-9a-f]+ {name}\+0x", said.group(0)), \
            f"no {name} in\n{said.group(0)}"
    s.host.run("xenstore-ls / > /dev/null")


@test(20)
def crash_says_why(s):
    """xen-hvmcrash lets it go on at an address where nothing is."""
    since = len(console(s))
    # It sleeps; the request, which gets no answer, wakes it.
    s.host.run(f"xen-hvmcrash {s.domid}; timeout 2 xenstore-exists /",
               check=False)
    said = wait_said(s, r"page fault .* at address 0xf001\n[^$]*xs_boot", since)
    for word in ("rip f001", "rax ", "plat_wait", "xs_server_turn"):
        assert word in said.group(0), f"no {word} in\n{said.group(0)}"
    assert "page fault" in s.host.machine.console_text()
