# SPDX-License-Identifier: GPL-2.0-only
"""The context of a guest in Xen, read and given on a real hypervisor, and what
hostile contexts do to it: nothing.

The hypervisor is the patched one with its assertions on (--xen
build/hv/xen-debug.gz), so that one that does not hold stops the host.  Two
unmodified guests are there all the while.  One works on its disk and network;
the other has neither, so that no back-end maps its grants and its context can
be read.
"""
import os
import re

from xenlab.guest import Guest
from xenlab.runner import test

CTL = "/our/bin/gtmctl"
SEED = "/srv/g2.context"
COUNT = int(os.environ.get("LAB_CONTEXTS", "3000"))
SECONDS = COUNT * 30 // 1000
AT_LEAST = COUNT // 30  # in SECONDS, on a machine that does other work
HURT = r"Assertion|Xen BUG|Xen WARN|page fault|panic|FATAL|\bBUG\b"
TAKEN_PERCENT = 10


def xen_said(s):
    """Xen's log, all of it: its ring is read and cleared often enough."""
    return s.host.out("xl dmesg -c", 20)


def check_unhurt(s):
    bad = [line for line in xen_said(s).splitlines()
           if re.search(HURT, line)]
    bad += [line for line in s.host.machine.console_text().splitlines()
            if re.search(HURT, line) and line.startswith("(XEN)")]
    assert not bad, "\n".join(bad[:20])


def domains(s):
    """All that Xen knows, those that are being torn down as well."""
    return sorted(int(d) for d in s.host.out(
        "xl list | awk 'NR > 1 { print $2 }'").split())


def free_memory(s):
    return int(s.host.out("xl info | awk '/^free_memory/ { print $3 }'"))


def answers(output):
    """{what: (errno, reason)} of gtmctl refusals"""
    return {what: (int(errno), reason) for what, errno, reason in re.findall(
        r"^(.*): errno (\d+) reason (\S+)$", output, re.M)}


def refused(s, command, errno, reason):
    status, output = s.host.run(f"{CTL} {command}", check=False)
    assert status == 1, output
    assert f"errno {errno} " in output and reason in output, output


@test(60, vital=True)
def toolstack_starts(s):
    s.host.start_toolstack()
    assert "debug=y" in s.host.out("xl dmesg"), "no hypervisor with assertions"


@test(90, vital=True)
def guests_start(s):
    s.worker = Guest(s.host, "g1", memory=96)
    s.quiet = Guest(s.host, "g2", 2, memory=96, disk=False, net=False,
                    idle=True, vcpus=2)
    for guest in (s.worker, s.quiet):
        guest.create()
        guest.wait_ready()
    s.worker.wait_io(20, 10)


@test(30)
def question_about_a_running_guest(s):
    text = s.host.out(f"{CTL} size {s.worker.domid()}")
    assert re.fullmatch(r"size [1-9]\d+", text), text
    s.worker.wait_progress()
    return text


@test(30)
def running_guest_is_not_read(s):
    refused(s, f"get {s.worker.domid()} /dev/null", 16, "not paused")
    s.worker.wait_progress()


@test(30)
def mapped_grants_are_in_the_way(s):
    text = s.host.out(f"{CTL} grants {s.worker.domid()}").splitlines()[-1]
    mapped = int(re.search(r"mapped (\d+)", text).group(1))
    assert mapped > 1, text
    s.host.run("xl pause g1")
    refused(s, f"get {s.worker.domid()} /dev/null", 16, "mapped")
    s.host.run("xl unpause g1")
    s.worker.wait_progress()
    return f"{mapped} mapped"


def context_of(s, guest):
    """As Xen answers it; a copy stays in dom0 and in the results."""
    s.host.run(f"{CTL} get {guest.domid()} {SEED} && cp {SEED} /res/")
    return (s.host.results / "g2.context").read_bytes()


# Where the guest's records are: DOMAIN, SHINFO, and two of VCPU.
DOMAIN = 32 + 16
VCPUS = [DOMAIN + 88 + 16 + 4096 + 16 + n * (336 + 16) for n in range(2)]
SINGLESHOT = 1 << 3


def without_time(context):
    """But for what goes on while a domain is paused: its time, and of each
    vcpu what is left of its timers, the time in its states, and its TSC."""
    rest = bytearray(context)
    rest[DOMAIN + 32:DOMAIN + 40] = bytes(8)
    for vcpu in VCPUS:
        rest[vcpu + 56:vcpu + 112] = bytes(56)
    return bytes(rest)


def timers(context):
    """Which of the vcpus have one that runs."""
    return [context[vcpu] & SINGLESHOT for vcpu in VCPUS]


@test(60, vital=True)
def read_twice_is_the_same(s):
    """And changes nothing: the guest goes on.  A timer that was set before the
    guest was paused may expire in between, each of them once: an event."""
    s.host.run("xl pause g2")
    for _ in range(len(VCPUS) + 1):
        first = context_of(s, s.quiet)
        second = context_of(s, s.quiet)
        if timers(first) == timers(second):
            break
    s.host.run("xl unpause g2")
    assert len(first) == len(second), f"{len(first)}, {len(second)} bytes"
    one, two = without_time(first), without_time(second)
    wrong = [i for i, byte in enumerate(one) if byte != two[i]]
    assert not wrong, f"bytes {wrong[:20]}"
    s.quiet.run("true")
    s.quiet.run("sleep 1")
    return f"{len(first)} bytes"


@test(40)
def refusals(s):
    """What is refused whatever the context is."""
    said = answers(s.host.out(f"{CTL} refusals {SEED}", 30))
    expected = {
        "first set": (0, "OK"),
        "second set": (17, None),
        "set on running": (16, "BUSY_RUNNING"),
        "set on what ran": (16, "BUSY_RUNNING"),
        "get of nobody": (3, None),
        "set on nobody": (3, None),
        "set of fewer vcpus": (28, "BAD_LIMIT"),
        "set of nothing": (22, "BAD_HEADER"),
        "get of PV": (95, "REFUSE_PV"),
        "set on PV": (95, "REFUSE_PV"),
        "set on dom0": (95, "REFUSE_PV"),
        "get of dom0": (95, "REFUSE_PV"),
    }
    wrong = {w: said.get(w) for w, (errno, reason) in expected.items()
             if said.get(w) is None or said[w][0] != errno
             or (reason and said[w][1] != reason)}
    assert not wrong, wrong
    refused(s, f"set {s.worker.domid()} {SEED}", 16, "not paused")
    s.worker.wait_progress()
    check_unhurt(s)


@test(SECONDS + 60)
def hostile_contexts(s):
    s.before = domains(s)
    s.memory = free_memory(s)
    xen_said(s)
    status, output = s.host.run(
        f"{CTL} fuzz {COUNT} 1 {SECONDS} {SEED} 2>&1", SECONDS + 50,
        check=False)
    (s.host.results / "fuzz.txt").write_text(output)
    check_unhurt(s)
    assert not status, output
    n = int(re.search(r"^contexts (\d+) ", output, re.M).group(1))
    last = output.rpartition("-- now changed")[2]
    taken = int(re.search(r"^accepted: (\d+)", last, re.M).group(1))
    ran = sum(int(k) for k in re.findall(
        r"^(?:ran|crashed|shut)[a-z ]*: (\d+)", last, re.M))
    assert n >= AT_LEAST, output
    assert taken * 100 >= n * TAKEN_PERCENT, output
    assert ran, output
    return f"{n} contexts, {taken} accepted, {ran} run"


@test(30)
def nothing_is_left(s):
    s.host.poll("the domains of before",
                f"[ \"$(xl list | awk 'NR > 1 {{ print $2 }}' | sort -n | "
                f"tr '\\n' ' ')\" = '{' '.join(map(str, s.before))} ' ]", 10)
    memory = free_memory(s)
    assert memory >= s.memory - 2, f"{memory} MiB free, {s.memory} before"
    return f"{memory} MiB free, {s.memory} before"


@test(60)
def host_and_guests_are_well(s):
    s.worker.wait_progress(20, 20)
    s.worker.check_no_errors()
    s.quiet.run("true")
    s.host.check_fpu()
    check_unhurt(s)
    for guest in (s.worker, s.quiet):
        guest.destroy()
    s.host.check_emulator()
