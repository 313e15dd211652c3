# SPDX-License-Identifier: GPL-2.0-only
"""An HVM guest with a 32-bit kernel, which is saved and restored without taking
part in it.  Its shared_info, vcpu_info and runstate have another layout than
those of a 64-bit one, and it finds its clock through them."""
import shutil

from xenlab import guest32, pc
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DEAF = "initcall_blacklist=xen_setup_shutdown_event"
BOOT_LIMIT = 120
BUILD_LIMIT = 120
# The emulated host's processor marks entries of the first level of PAE tables
# as accessed, which no real one does.  Xen takes that for a reserved bit when
# it reads an instruction through the guest's own tables, and does not get on.
# With shadow tables the processor never sees those.
SHADOW = "hap = 0\n"


@test(60, vital=True)
def toolstack_starts(s):
    s.host.start_toolstack()
    s.host.run("modprobe tun")      # emulated network cards


@test(BUILD_LIMIT, vital=True)
def parts_are_at_hand(s):
    folder = guest32.build(s.say)
    for name in "vmlinuz", "guest.cpio":
        shutil.copy(folder / name, s.host.results / f"32-{name}")


@test(BOOT_LIMIT, vital=True)
def guest_of_32_bits(s):
    s.guest = Guest(s.host, "h32", memory=128, type="hvm", card="ioemu",
                    options=DEAF, kernel="/res/32-vmlinuz",
                    ramdisk="/res/32-guest.cpio", more=SHADOW)
    s.witness = Witness(s.guest)
    s.guest.create()
    s.guest.wait_console(r"^GUEST ready", BOOT_LIMIT)
    s.guest.wait_io(20, 10)
    machine = s.guest.run("uname -m")[1]
    assert machine == "i686", machine
    pc.find_alive(s)


@test(200)
def through_a_file(s):
    s.witness.hold()
    return pc.through_file(s)


@test(200)
def and_again(s):
    """What was restored is saved: what it registered is still known."""
    said = pc.through_file(s)
    s.witness.watch_fires()
    s.witness.transaction_commits()
    return said
