# SPDX-License-Identifier: GPL-2.0-only
"""A co-operative save is byte for byte what Debian's own toolstack writes.

One paused guest is saved by Debian's xl, libxl and libxenguest (in a chroot of
dom0's unchanged root), then by ours, on one hypervisor.  It stays as it is in
between: it has not run yet, and when it is asked to suspend, dom0 answers in
its place.  What time changes in a paused guest is named in lawful(), and
nothing else may differ: neither headers nor order, lengths, contents or
padding.
"""
from xenlab import stream
from xenlab.guest import Guest
from xenlab.runner import test

STOCK = "/mnt/debian"
TSC_INFO, HVM_CONTEXT = 0x8, 0x9    # records of libxc
CPU, CPU_TSC = 2, 1008              # of the HVM context; where its TSC is


@test(60, vital=True)
def toolstack_starts(s):
    s.host.start_toolstack()
    s.host.run(f"""mkdir -p {STOCK} && mount -o ro /dev/disk/root {STOCK}
        for d in dev proc sys run tmp var/lib/xen var/log; do
            mount --rbind /$d {STOCK}/$d || exit 1
        done""")
    theirs = s.host.out(f"sha256sum {STOCK}/usr/lib/xen-4.17/bin/xl "
                        "/usr/lib/xen-4.17/bin/xl | cut -d' ' -f1 | uniq")
    assert len(theirs.split()) == 2, "there is no other xl here than Debian's"


ANSWER = """\
domid=$(xl domid {name}); request=/local/domain/$domid/control/shutdown
( until [ "$(xenstore-read $request)" = suspend ]; do sleep 0.2; done
  xenstore-write $request '' && /our/bin/gtmctl suspend $domid ) &
"""


def save(s, who, name):
    """Saved where it is, and left as it was: paused.  By chroot, or not."""
    into = f"/tmp/{name}.{who}"
    answer = ANSWER.format(name=name)
    chroot = f"chroot {STOCK} " if who == "stock" else ""
    said = s.host.out(f"{answer}{chroot}xl save -p {name} "
                      f"{into} 2>&1 && cp {into} /res/ && rm {into}", 90)
    s.host.poll("the guest as it was", f"xl list {name} | grep -q -- '--p---'",
                10)
    file = s.host.results / f"{name}.{who}"
    data = file.read_bytes()
    file.unlink()
    return data, said


def lawful(name, data):
    """Which bytes of a part time changes: a set of offsets."""
    head = stream.RECORD.size
    if name == f"libxc record {TSC_INFO:#x}":
        return set(range(head + 8, head + 16))      # nanoseconds
    found = set()
    if name == f"libxc record {HVM_CONTEXT:#x}":
        for code, _, at, _ in stream.context_entries(data[head:]):
            at += head
            if code == CPU:
                found |= set(range(at + CPU_TSC, at + CPU_TSC + 8))
    return found


def compare(stock, ours):
    theirs, mine = stream.take_apart(stock), stream.take_apart(ours)
    assert [(n, len(d)) for n, d in theirs] == [(n, len(d)) for n, d in mine]
    changed = {}
    for i, ((name, old), (_, new)) in enumerate(zip(theirs, mine)):
        if old == new:
            continue
        differ = {k for k, (x, y) in enumerate(zip(old, new)) if x != y}
        bad = sorted(differ - lawful(name, old))
        assert not bad, (f"part {i}, {name}, {len(old)} bytes, differs at "
                         f"{[hex(k) for k in bad[:20]]}")
        changed[name] = len(differ)
    return (f"{len(theirs)} parts, {len(stock)} bytes; time changed "
            + ", ".join(f"{n} in {name}" for name, n in changed.items()))


def check(s, name):
    stock, said = save(s, "stock", name)
    ours, _ = save(s, "ours", name)
    s.host.run(f"xl destroy {name}", 20)
    flags = stream.XL_HEADER.unpack_from(stock)[2]
    assert flags == 3, f"{flags:#x}: {said}"
    return compare(stock, ours)


@test(120)
def pvh(s):
    """It has not run yet."""
    guest = Guest(s.host, "p1", memory=96, vcpus=2, disk=False)
    guest.prepare()
    s.host.run(f"xl create -p {guest.config_file}", 30)
    return check(s, "p1")
