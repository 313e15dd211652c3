# SPDX-License-Identifier: GPL-2.0-only
"""What a guest with a device model has of its emulated PC, which must be there
after a move as it was: interrupts, and the state of every device.

The functions take a Session with its guest and witness, and in `alive` the
interrupts that come all the time.
"""
import re

from . import move


def interrupts(guest):
    """{what: count} as the guest, which has one processor, counts them."""
    text = guest.run("cat /proc/interrupts")[1]
    return {f"{number} {what}": int(count) for number, count, what
            in re.findall(r"^ *(\w+): +(\d+) +(.*?)\s*$", text, re.M)}


# An edge from the emulated clock, which the guest takes as an event of a pirq.
# An alarm in the very next second may be over by the time it is set.
POKES = {
    "rtc0": "echo 0 > /sys/class/rtc/rtc0/wakealarm; "
            "echo +3 > /sys/class/rtc/rtc0/wakealarm",
}


def count_of(guest, what):
    return sum(count for name, count in interrupts(guest).items()
               if name.endswith(what))


def poke(s):
    """What reaches the guest only when something is done to its machine."""
    before = {what: count_of(s.guest, what) for what in POKES}
    s.guest.run("; ".join(POKES.values()) + "; sleep 6")
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


def model_process(s):
    return "/proc/$(xenstore-read " \
        f"/local/domain/{s.guest.domid()}/image/device-model-pid)"


def find_alive(s):
    """Which interrupts come all the time; answers the counts of all."""
    before = interrupts(s.guest)
    s.guest.wait_progress()
    after = interrupts(s.guest)
    s.alive = [name for name, count in after.items() if count > before[name]]
    for name in "timer0", "blkif", "vif0-q0-rx", "hvc_console":
        assert any(name in line for line in s.alive), f"{name}: {after}"
    silent = poke(s)
    assert not silent, f"the guest has no driver for {silent}"
    return after


def through_file(s, between=lambda file: None):
    """Saved, and restored where it was, after BETWEEN had the file."""
    before = interrupts(s.guest)
    twins = emulated(s)
    s.witness.look()

    def gone(file):
        assert s.guest.name not in s.host.out("xl list")
        between(file)

    pause = move.save_and_restore(s.guest, "--transparent", gone)
    s.guest.wait_progress(limit=20)
    s.witness.compare_saved(pause)
    check_emulated(s, twins)
    return (f"stood still for {pause:.1f} s; interrupts since: "
            + check_interrupts(s, before))


def through_network(s, to, **how):
    """Moved to the host TO."""
    before = interrupts(s.guest)
    twins = emulated(s)
    s.witness.look()
    m = move.migrate(s.guest, to, "--transparent", limit=60, **how)
    s.guest.wait_progress(limit=20)
    s.witness.compare(m)
    check_emulated(s, twins)
    return (f"{m.seconds:.1f} s, paused {m.pause:.1f} s; interrupts since: "
            + check_interrupts(s, before))
