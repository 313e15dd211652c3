# SPDX-License-Identifier: GPL-2.0-only
"""An HVM guest, with its device model, that moves between two hosts without
taking part in it: through a file on one host, then to the other and back.

Its disk and its network card are emulated as well, until its kernel unplugs
them when it boots.  After a move they must still be gone.
"""
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
SAVE_LIMIT = 60


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


def emulated(s):
    """What the device model has for the guest, and every register of it that
    is on the PCI bus: those of a device that nobody set up are different."""
    host, name = s.guest.host, s.guest.name
    model = host.out(f"xl qemu-monitor-command {name} 'info pci'") + \
        host.out(f"xl qemu-monitor-command {name} 'info block'")
    registers = s.guest.run("cd /sys/bus/pci/devices && md5sum */config")[1]
    # Where QEMU keeps an object is numbered anew whenever it starts.
    model = re.sub(r"device\[\d+\]", "device", model)
    return model.splitlines() + registers.splitlines()


def check_emulated(s, before):
    after = emulated(s)
    assert after == before, \
        f"gone: {[x for x in before if x not in after]}\n" \
        f"come: {[x for x in after if x not in before]}"


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
        host.run("modprobe tun")    # emulated network cards


@test(BOOT_LIMIT, vital=True)
def guest_with_device_model(s):
    s.guest = Guest(s.host, "h1", memory=128, disk_spec=DISK, type="hvm",
                    card="ioemu", options=DEAF)
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


def model_process(s):
    return "/proc/$(xenstore-read " \
        f"/local/domain/{s.guest.domid()}/image/device-model-pid)"


@test(60, vital=True)
def twins_are_unplugged(s):
    """The device model was given a disk and a card, and has neither."""
    model = s.host.out(f"cat {model_process(s)}/cmdline | tr '\\0' ' '")
    assert "if=ide" in model and "netdev=net0" in model, model
    s.twins = emulated(s)
    there = [x for x in s.twins if re.search(r"Ethernet|ide\d-hd|shared", x)]
    assert not there, there


def through_file(s):
    """Saved, and restored where it was."""
    file = f"/srv/{s.guest.name}.save"
    before = interrupts(s.guest)
    s.witness.look()
    twins = emulated(s)
    start = time.monotonic()
    s.host.run(f"xl save --transparent {s.guest.name} {file}", SAVE_LIMIT)
    # All its memory is written after it was stopped, while its clocks go on.
    pause = time.monotonic() - start
    assert s.guest.name not in s.host.out("xl list")
    s.host.run(f"xl restore {file} && rm {file}", SAVE_LIMIT)
    s.guest.wait_progress(limit=20)
    s.witness.compare_unmoved(pause)
    check_emulated(s, twins)
    return check_interrupts(s, before)


@test(200)
def through_a_file(s):
    return through_file(s)


def go(s, to):
    before = interrupts(s.guest)
    twins = emulated(s)
    s.witness.look()
    m = move.migrate(s.guest, to, "--transparent", limit=60)
    s.guest.wait_progress(limit=20)
    s.witness.compare(m)
    check_emulated(s, twins)
    return (f"{m.seconds:.1f} s, paused {m.pause:.1f} s; interrupts since: "
            + check_interrupts(s, before))


@test(200)
def there(s):
    return go(s, s.rig.hosts[1])


@test(200)
def back(s):
    return go(s, s.rig.hosts[0])


@test(60)
def twins_are_not_found_again(s):
    """A guest that looks for new devices would find them."""
    s.guest.run("echo 1 > /sys/bus/pci/rescan", 30)
    check_emulated(s, s.twins)
    opened = s.guest.host.out(f"ls -l {model_process(s)}/fd")
    assert "->" in opened and "/dev/vd" not in opened, opened
