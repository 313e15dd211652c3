# SPDX-License-Identifier: GPL-2.0-only
"""xenstored as a domain of its own on a host, started by Debian's unmodified
init-xenstore-domain.  The host's configuration has xenstored="none": no daemon
may have spoken to dom0's kernel before."""
import re

from .paths import wait_until

IMAGE = "/our/stubdom/xenstored-stubdom"
NAME = "Xenstore"
MEMORY = 8
# Ten times what guests have.  A time slice is 30 ms: with a hundred times as
# much a guest stands still for seconds while dom0 is at work.
WEIGHT = 2560

START = r"""
before=$(cut -d' ' -f1 /proc/uptime)
init-xenstore-domain --kernel %s --memory %d || exit 1
xenstore-read /tool/xenstored/domid
echo $before $(cut -d' ' -f1 /proc/uptime)
"""


def start(host):
    """Answers its domid, and the seconds to the first answer to a tool."""
    words = host.out(START % (IMAGE, MEMORY), 30).split()
    domid = int(words[-3])
    assert domid > 0, words
    return domid, float(words[-1]) - float(words[-2])


def start_tools(host, domid):
    """xen-init-dom0, xenconsoled, and the dom0 kernel's own xenbus."""
    host.start_tools()
    host.poll("the dom0 kernel's nodes",
              "xenstore-exists /local/domain/0/control/feature-poweroff", 5)
    # With one processor for all of them a busy guest would get its 30 ms for
    # each request that dom0 makes: store and dom0 have to come first.
    host.run(f"xl sched-credit -d 0 -w {WEIGHT}; "
             f"xl sched-credit -d {domid} -w {WEIGHT}")


def console(host):
    """All that the stub domain printed; xenconsoled writes it down."""
    path = host.results / "guests" / f"guest-{NAME}.log"
    try:
        return path.read_text(errors="replace").replace("\r", "")
    except OSError:
        return ""


def wait_said(host, pattern, since=0, limit=10):
    return wait_until(f"{pattern!r} on the console of the stub domain", limit,
                      lambda: re.search(pattern, console(host)[since:]))
