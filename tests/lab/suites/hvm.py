# SPDX-License-Identifier: GPL-2.0-only
"""An HVM guest, with its device model, that moves between two hosts without
taking part in it: through a file on one host, then to the other and back.

Its disk and its network card are emulated as well, until its kernel unplugs
them when it boots.  After a move they must still be gone.
"""
import copy
import re

from xenlab import pc
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
DEAF = "initcall_blacklist=xen_setup_shutdown_event"
BOOT_LIMIT = 120


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


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
    after = pc.find_alive(s)
    return f"{len(s.alive)} of {len(after)} come all the time"


@test(60, vital=True)
def twins_are_unplugged(s):
    """The device model was given a disk and a card, and has neither."""
    model = s.host.out(f"cat {pc.model_process(s)}/cmdline | tr '\\0' ' '")
    assert "if=ide" in model and "netdev=net0" in model, model
    s.twins = pc.emulated(s)
    there = [x for x in s.twins if re.search(r"Ethernet|ide\d-hd|shared", x)]
    assert not there, there


@test(200)
def through_a_file(s):
    return pc.through_file(s)


@test(200)
def there(s):
    return pc.through_network(s, s.rig.hosts[1])


@test(200)
def back(s):
    return pc.through_network(s, s.rig.hosts[0])


@test(60)
def twins_are_not_found_again(s):
    """A guest that looks for new devices would find them."""
    s.guest.run("echo 1 > /sys/bus/pci/rescan", 30)
    pc.check_emulated(s, s.twins)
    opened = s.guest.host.out(f"ls -l {pc.model_process(s)}/fd")
    assert "->" in opened and "/dev/vd" not in opened, opened
