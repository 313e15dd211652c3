# SPDX-License-Identifier: GPL-2.0-only
"""An HVM guest, with its device model, that moves between two hosts without
taking part in it: through a file on one host, then to the other and back."""
import copy
import re
import time

from xenlab import move
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
DEAF = "initcall_blacklist=xen_setup_shutdown_event"
BOOT_LIMIT = 120
FILE = "/srv/h1.save"


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


def interrupts(guest):
    """{what: count} as the guest, which has one processor, counts them."""
    text = guest.run("cat /proc/interrupts")[1]
    return {f"{number} {what}": int(count) for number, count, what
            in re.findall(r"^ *(\w+): +(\d+) +(.*?)\s*$", text, re.M)}


# An edge from the emulated clock, which the guest takes as an event of a pirq.
POKES = {
    "rtc0": "echo 0 > /sys/class/rtc/rtc0/wakealarm; "
            "echo +1 > /sys/class/rtc/rtc0/wakealarm",
}


def count_of(guest, what):
    return sum(count for name, count in interrupts(guest).items()
               if name.endswith(what))


def poke(s):
    """What reaches the guest only when something is done to its machine."""
    before = {what: count_of(s.guest, what) for what in POKES}
    s.guest.run("; ".join(POKES.values()) + "; sleep 3")
    return [what for what in POKES if count_of(s.guest, what) <= before[what]]


def check_interrupts(s, before):
    """Those that come all the time still do, and those that were provoked."""
    after = interrupts(s.guest)
    stuck = [name for name in s.alive if after[name] <= before[name]]
    stuck += poke(s)
    assert not stuck, f"interrupts that ceased to come: {stuck}\n{after}"
    return ", ".join(f"{name.split()[-1]} {count - before[name]}"
                     for name, count in after.items() if count > before[name])


@test(60, vital=True)
def toolstacks_start(s):
    for host in s.rig.hosts:
        host.start_toolstack()


@test(BOOT_LIMIT, vital=True)
def guest_with_device_model(s):
    s.guest = Guest(s.host, "h1", memory=128, disk_spec=DISK, type="hvm",
                    options=DEAF)
    s.witness = Witness(s.guest)
    s.guest.create()
    s.guest.wait_console(r"^GUEST ready", BOOT_LIMIT)
    s.guest.wait_io(20, 10)


@test(60, vital=True)
def interrupts_are_counted(s):
    """Which of them come all the time, or when asked for: those go on."""
    before = interrupts(s.guest)
    s.guest.wait_progress()
    after = interrupts(s.guest)
    s.alive = [name for name, count in after.items() if count > before[name]]
    for name in "timer0", "blkif", "vif0-q0-rx", "hvc_console":
        assert any(name in line for line in s.alive), f"{name}: {after}"
    silent = poke(s)
    assert not silent, f"the guest has no driver for {silent}"
    return f"{len(s.alive)} of {len(after)} come all the time"


@test(150)
def through_a_file(s):
    before = interrupts(s.guest)
    s.witness.look()
    start = time.monotonic()
    s.host.run(f"xl save --transparent {s.guest.name} {FILE}", 40)
    # All its memory is written after it was stopped, while its clocks go on.
    pause = time.monotonic() - start
    assert s.guest.name not in s.host.out("xl list")
    s.host.run(f"xl restore {FILE}", 40)
    s.guest.wait_progress(limit=20)
    s.witness.compare_unmoved(pause)
    return check_interrupts(s, before)


def go(s, to):
    before = interrupts(s.guest)
    s.witness.look()
    m = move.migrate(s.guest, to, "--transparent", limit=60)
    s.guest.wait_progress(limit=20)
    s.witness.compare(m)
    return (f"{m.seconds:.1f} s, paused {m.pause:.1f} s; interrupts since: "
            + check_interrupts(s, before))


@test(150)
def there(s):
    return go(s, s.rig.hosts[1])


@test(150)
def back(s):
    return go(s, s.rig.hosts[0])
