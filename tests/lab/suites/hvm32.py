# SPDX-License-Identifier: GPL-2.0-only
"""An HVM guest with a 32-bit kernel, which goes through a file, and to another
host and back, without taking part in it.  Its shared_info and the areas that it
registered have another layout than those of a 64-bit one.  It finds its clock
there, and its events: with FIFO event channels these would be where they are
for all guests."""
import copy
import re
import shutil

from xenlab import guest32, pc
from xenlab.guest import Guest
from xenlab.runner import test
from xenlab.witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
OPTIONS = "initcall_blacklist=xen_setup_shutdown_event xen.fifo_events=0"
BOOT_LIMIT = 120
BUILD_LIMIT = 120
# The emulated host's processor marks entries of the first level of PAE tables
# as accessed, which no real one does.  Xen takes that for a reserved bit when
# it reads an instruction through the guest's own tables, and does not get on.
# With shadow tables the processor never sees those.
SHADOW = "hap = 0\n"

# QEMU ends itself ("invalid tss type") when a 32-bit guest enters its kernel on
# a task register that is marked busy, as Xen marks each that it restores and
# every real processor has it: QEMU never marks its own.  So the mark, which Xen
# leaves as it finds it, is taken out of the stream.  The HVM context begins
# with a number and a version, of which this finds the first five bytes, and
# then has the first vcpu's registers.
MAGIC = r"\206\022\070\124\001"
TR_BEHIND_MAGIC = 24 + 8 + 912 - 4      # header, entry header, tr_arbytes
BUSY = 2
FLAG, UNBUSY, REMOTE = "/srv/unbusy.done", "/srv/unbusy", "/srv/remote32"
SCRIPTS = f"""mkdir -p /srv && cat > {UNBUSY} <<'END' && cat > {REMOTE} <<'END'
#!/bin/sh
rm -f {FLAG}
exec cutter "flip^{BUSY},in+{TR_BEHIND_MAGIC}:$(printf '{MAGIC}')" {FLAG} "$@"
END
#!/bin/sh
exec {UNBUSY} remote "$@"
END
chmod +x {UNBUSY} {REMOTE}"""


def hosts(config):
    return [copy.deepcopy(config), copy.deepcopy(config)]


@test(60, vital=True)
def toolstacks_start(s):
    for host in s.rig.hosts:
        host.start_toolstack()
        host.run("modprobe tun")    # emulated network cards
        host.run(SCRIPTS)


@test(BUILD_LIMIT, vital=True)
def parts_are_at_hand(s):
    folder = guest32.build(s.say)
    for name in "vmlinuz", "guest.cpio":
        for host in s.rig.hosts:
            shutil.copy(folder / name, host.results / f"32-{name}")


@test(BOOT_LIMIT, vital=True)
def guest_of_32_bits(s):
    s.guest = Guest(s.host, "h32", memory=128, disk_spec=DISK, type="hvm",
                    card="ioemu", options=OPTIONS, kernel="/res/32-vmlinuz",
                    ramdisk="/res/32-guest.cpio", more=SHADOW)
    s.witness = Witness(s.guest)
    s.guest.create()
    s.guest.wait_console(r"^GUEST ready", BOOT_LIMIT)
    s.guest.wait_io(20, 10)
    kind = s.guest.run("uname -m; cat /sys/devices/system/clocksource/"
                       "clocksource0/current_clocksource")[1].split()
    assert kind == ["i686", "xen"], kind
    pc.find_alive(s)


def through_file(s):
    def between(file):
        shown = s.host.out(f"/our/bin/xsdump show {file} context", 30)
        assert re.search("32-bit, 2-level event channels", shown), shown
        s.host.run(f"{UNBUSY} sh -c 'cat > {file}.new' < {file} && "
                   f"rm {FLAG} && mv {file}.new {file}", 30)

    return pc.through_file(s, between)


def through_network(s, to):
    return pc.through_network(s, to, through=REMOTE)


@test(200)
def through_a_file(s):
    s.witness.hold()
    return through_file(s)


@test(200)
def there(s):
    """What was restored is moved: what it registered is still known."""
    return through_network(s, s.rig.hosts[1])


@test(200)
def back(s):
    said = through_network(s, s.rig.hosts[0])
    s.witness.watch_fires()
    s.witness.transaction_commits()
    return said
