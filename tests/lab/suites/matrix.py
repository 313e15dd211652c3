# SPDX-License-Identifier: GPL-2.0-only
"""Guests that use of Xen what the others do not: each is saved and restored
without taking part in it, and witnessed (xenlab/witness.py).  That the guest
is one of the kind, and was at that moment, is read off the saved context.

One guest has 2-level event channels and a watchdog, one grants of version 2.
Another has two processors, one of them unplugged for a while, and more event
channels than one page of the array has, all of them in use while the guest is
stopped (image/juggle.c).  The last moves to a host that was booted minutes
later, and back.
"""
import copy
import random
import re
import time

from xenlab import move
from xenlab.guest import Guest
from xenlab.paths import wait_until
from xenlab.runner import LIFETIME, test
from xenlab.witness import Witness

DEAF = "initcall_blacklist=xen_setup_shutdown_event"
SHARED = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
          "target=/dev/disk/shared")
PAIRS = 1040        # of event channels: two pages of the event array and more
ROUNDS = 12
WATCHDOG = 10       # seconds more than it takes to save the guest twice
UNFED = 6           # seconds that its last meal is known to, on a busy machine
UPTIMES_APART = 120
NOBODY = 0x7ff1     # DOMID_IO
SEED = 1            # of the moments at which guests are stopped


def hosts(config):
    """The second one is there for the last test only."""
    both = [copy.deepcopy(config), copy.deepcopy(config)]
    both[1].late = True
    return both


def start(s, name, number, options="", memory=96, **kw):
    s.guest = Guest(s.host, name, number, memory=memory,
                    options=f"{DEAF} {options}".strip(), **kw)
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(10, 5)
    s.witness = Witness(s.guest)


def has(s, name):
    """It is at work already: some other test was selected too."""
    return hasattr(s, "guest") and s.guest.name == name


def through_a_file(s):
    """Answers how long its clocks may have gone on, and its context."""
    said = []
    start = time.monotonic()

    def read(file):
        s.saving = time.monotonic() - start
        said.append(s.host.out(f"/our/bin/xsdump show {file} context", 30))

    seconds = move.save_and_restore(s.guest, "--transparent", read)
    (s.rig.results / f"{s.guest.name}.context").write_text(said[0])
    return seconds, said[0]


def survives(s, *kind):
    """It does not notice; its context has lines that match KIND."""
    s.witness.look()
    seconds, context = through_a_file(s)
    for pattern in kind:
        assert re.search(pattern, context, re.M), f"{pattern}: {context}"
    s.guest.wait_progress()
    s.witness.compare_saved(seconds)
    return f"saved in {s.saving:.0f} s, stood still for {seconds:.1f} s"


@test(60, vital=True)
def toolstack_starts(s):
    s.host.start_toolstack()


# -- other ABIs

def need_odd(s):
    if not has(s, "odd"):
        start(s, "odd", 1, "xen.fifo_events=0", vcpus=2)


@test(120)
def two_level_event_channels(s):
    need_odd(s)
    return survives(s, "2-level event channels, 2 vcpus$",
                    r"^vcpu 1(?!, down)")


@test(90)
def state_that_cannot_be_given(s):
    """It is told on this host, and nothing was done to the guest."""
    need_odd(s)
    s.guest.run("insmod /modules/xen-evtchn.ko")
    s.guest.run(f"juggle for {NOBODY} > /dev/console 2>&1 &")
    s.guest.wait_console(r"^EV for ", 10)
    s.witness.look()
    status, said = s.host.run(
        f"xl save --transparent {s.guest.name} /srv/none.save", 30,
        check=False)
    assert status and "event channel is one that no domain" in said, said
    s.guest.wait_progress()
    s.witness.compare_unmoved()
    s.guest.run("killall juggle")
    return next(x for x in said.splitlines() if "no domain" in x)


@test(180)
def watchdog(s):
    """It ends the guest when it would have, by the guest's clock, and not as
    long as the guest feeds it.  It goes on while a file is written, as the
    guest does, and stands still in it.
    """
    need_odd(s)
    if not hasattr(s, "saving"):
        through_a_file(s)
    limit = WATCHDOG + int(2 * s.saving)
    s.guest.run("insmod /modules/watchdog.ko; insmod /modules/xen_wdt.ko "
                f"timeout={limit}")
    s.guest.run("(exec 3> /dev/watchdog; while [ ! -e /tmp/hungry ]; do "
                "echo >&3; sleep 1; done; sleep 1000) > /dev/null 2>&1 &")
    s.guest.run("sleep 2")
    said = survives(s, r"^watchdog 1 in ")
    s.guest.run("(while sleep 0.5; do echo BEAT $(cat /proc/uptime) "
                "> /dev/console; done) > /dev/null 2>&1 &")
    s.guest.wait_console(r"^BEAT ", 10)
    s.guest.run("touch /tmp/hungry")
    fed = beats(s)[-1]
    _, context = through_a_file(s)
    left = float(re.search(r"^watchdog 1 in ([\d.]+) s", context,
                           re.M).group(1))
    assert left < limit, f"{left} s left"
    s.host.poll("the end of the guest", "! xl domid odd 2> /dev/null", limit)
    lived = beats(s)[-1] - fed
    assert abs(lived - limit) < UNFED, f"ended after {lived} s of {limit}"
    return f"{said}; it ended {lived:.1f} s of {limit} after it was fed"


def beats(s):
    return [float(t) for t in re.findall(
        r"^BEAT ([\d.]+) ", s.guest.console_text(), re.M)]


def grants(context):
    return context[context.index("grants of version"):]


@test(120)
def grants_of_version_2(s):
    """As a PVH guest Linux does not map the status frames, without which it
    cannot end a grant.  So this one has no devices."""
    s.guest = Guest(s.host, "v2", 3, memory=96, disk=False, net=False,
                    idle=True, options="grant_table.version=2")
    s.guest.create()
    s.guest.wait_ready()
    looks = "cat /proc/sys/kernel/random/boot_id; dmesg | md5sum"
    before = s.guest.run(looks)[1]
    _, context = through_a_file(s)
    assert re.search(r"^grants of version 2, .*\n.*\n +\d+ status frames",
                     context, re.M), context
    assert s.guest.run(looks)[1] == before
    _, again = through_a_file(s)
    assert grants(again) == grants(context), again
    assert s.guest.run(looks)[1] == before
    s.guest.destroy()


# -- two processors

def processors(guest):
    return guest.run("cat /sys/devices/system/cpu/online")[1]


def ticks(guest, processor):
    """Timer interrupts that a processor had."""
    line = guest.run(f"grep 'timer{processor}$' /proc/interrupts")[1]
    return int(line.split()[1 + processor])


def need_many(s):
    # An interrupt takes a Linux for thousands of processors 10 KiB and more.
    if not has(s, "many"):
        start(s, "many", 4, memory=192, vcpus=2,
              more="max_event_channels = 4095\n")


@test(120)
def one_of_two_processors_unplugged(s):
    """It comes back with all that it had registered before."""
    need_many(s)
    s.host.run("xl vcpu-set many 1")
    wait_until("one processor", 10, lambda: processors(s.guest) == "0")
    said = survives(s, "FIFO event channels, 2 vcpus$", r"^vcpu 1, down\b")
    # The host has one; xl create did not mind that.
    s.host.run("xl vcpu-set --ignore-host many 2")
    cpu = "/sys/devices/system/cpu/cpu1"
    wait_until("a second processor", 10, lambda: s.guest.run(
        f"test -e {cpu}/online", check=False)[0] == 0)
    s.guest.run(f"[ $(cat {cpu}/online) = 1 ] || echo 1 > {cpu}/online")
    before = ticks(s.guest, 1)
    s.guest.run("sleep 2")
    assert ticks(s.guest, 1) > before, "its timer stands still"
    return said


# -- many event channels

def juggled(s, since=0):
    """The last line of counters of image/juggle.c as numbers."""
    lines = re.findall(r"^EV (pairs=.*\d)\s*$", s.guest.console_text(since),
                       re.M)
    return {k: int(v) for k, v in (p.split("=") for p in lines[-1].split())} \
        if lines else None


def all_go_on(s, hops=3):
    """Each pair of channels gets some more events."""
    least = (juggled(s) or {"least": 0})["least"] + hops

    def enough():
        now = juggled(s)
        return now if now and now["least"] >= least else None
    now = wait_until(f"all pairs of channels: {juggled(s)}", 40, enough)
    assert not now["extra"], f"events that nobody sent: {now}"
    assert not re.search(r"^ERR juggle.*", s.guest.console_text(), re.M)
    return now


def need_juggler(s):
    need_many(s)
    if not juggled(s):
        s.guest.run(f"insmod /modules/xen-evtchn.ko; juggle {PAIRS} "
                    "> /dev/console 2>&1 &")
    now = all_go_on(s)
    assert now["pairs"] == PAIRS and now["port"] > 2048, now


@test(150)
def more_than_1024_ports(s):
    need_juggler(s)
    said = survives(s, "FIFO event channels",
                    r"^    [3-9] pages in the event array",
                    r"^ *20\d\d loopback")
    return f"{said}; {all_go_on(s)}"


def on_queues(context):
    """How many of image/juggle.c's events: nobody else has pairs."""
    return len(re.findall(r"^ *\d+ loopback .*, linked$", context, re.M))


@test(500)
def stopped_while_it_drains_its_queue(s):
    """At any moment, again and again: what it had taken off its queue and what
    was still on it, what was just being sent and just being masked.  While one
    processor sends, the other's queue fills."""
    need_juggler(s)
    assert processors(s.guest) == "0-1", processors(s.guest)
    moments = random.Random(SEED)
    linked = []
    for _ in range(ROUNDS):
        time.sleep(moments.random())
        _, context = through_a_file(s)
        linked.append(on_queues(context))
        all_go_on(s, 2)
    s.guest.wait_progress(2, 2)
    s.guest.check_no_errors()
    # A sender stops to read and to unmask: about every other moment finds some.
    assert any(linked), "its queues were always empty"
    said = survives(s, "FIFO event channels")
    all_go_on(s)
    s.guest.destroy()
    return f"{said}; on queues: {linked}"


# -- another host

@test(240)
def uptimes_that_differ(s):
    """To a host that counts minutes less, and back to one that counts more."""
    start(s, "time", 5, disk_spec=SHARED)
    late = s.rig.hosts[1]
    apart = UPTIMES_APART - float(s.host.out("cut -d' ' -f1 /proc/uptime"))
    if apart > 0:
        time.sleep(apart)
    s.rig.start_late(late, LIFETIME)
    late.start_toolstack()
    ups = [float(h.out("cut -d' ' -f1 /proc/uptime")) for h in s.rig.hosts]
    assert ups[0] - ups[1] >= UPTIMES_APART / 2, ups
    pauses = []
    for to in late, s.host:
        s.witness.look()
        m = move.migrate(s.guest, to, "--transparent")
        s.guest.wait_progress()
        s.witness.compare(m)
        pauses.append(round(m.pause, 2))
    return f"{ups[0]:.0f} and {ups[1]:.0f} s up, paused {pauses} s"


@test(30)
def host_is_well(s):
    s.host.check_fpu()
    s.host.check_emulator()
