# SPDX-License-Identifier: GPL-2.0-only
"""One host has xenstored as a domain of its own, the other in dom0: neither
takes the other's guests, whose rings are granted to a domain that xenstore is
not in there.  Both say so before anything is touched."""
import copy

from xenlab import move, stubstore
from xenlab.guest import Guest
from xenlab.runner import test


def hosts(config):
    """Host A as it is told, B with the stub domain."""
    both = [copy.deepcopy(config), copy.deepcopy(config)]
    both[1].xenstored = "none"
    return both


@test(120, vital=True)
def toolstacks_start(s):
    s.host.start_toolstack()
    stub = s.rig.hosts[1]
    s.domid, _ = stubstore.start(stub)
    stubstore.start_tools(stub, s.domid)


def refused(s, number, here, there):
    to = s.rig.hosts[1 - number]
    guest = Guest(s.rig.hosts[number], f"g{number}", number + 1, memory=96,
                  disk=False)
    guest.create()
    guest.wait_ready()
    m = move.migrate(guest, to, options="--transparent", check=False)
    said = f"its xenstore is domain {here}, here it is domain {there}"
    assert m.status and said in m.sent, m.sent
    assert guest.run("echo in && echo out")[1] == "in\nout"
    guest.destroy()
    return said


@test(90)
def from_dom0_to_a_domain(s):
    return refused(s, 0, 0, s.domid)


@test(90)
def from_a_domain_to_dom0(s):
    return refused(s, 1, s.domid, 0)
