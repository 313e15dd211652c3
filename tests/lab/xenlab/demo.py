# SPDX-License-Identifier: GPL-2.0-only
"""The demonstration: one guest at work on a host whose store is ours."""
import os
import time

from .guest import Guest
from .host import PRESETS
from .rig import Rig


class Stage:
    def __init__(self):
        self._start = time.monotonic()

    def say(self, text=""):
        print(f"[{time.monotonic() - self._start:5.1f} s] {text}", flush=True)

    @staticmethod
    def show(text):
        print("\n".join("          | " + line
                        for line in text.splitlines()) + "\n", flush=True)


def run(results, config):
    stage = Stage()
    daemon = PRESETS.get(config.xenstored, config.xenstored)
    stage.say("Booting Debian's Xen and its dom0 kernel in an emulated PC "
              "(no KVM, no root).")
    with Rig.create(f"demo-{os.getpid()}", results, [config]) as rig:
        rig.start(1800, say=stage.say)
        host = rig.host
        stage.say(f"dom0 is up.  Starting {daemon} as its only xenstored, "
                  "then Debian's toolstack.")
        host.start_toolstack()
        stage.show(host.out(f"tr '\\0' ' ' < /proc/{host.store_pid()}/cmdline;"
                            " echo; xl info | grep -E "
                            "'^(release|xen_version|virt_caps)'"))
        guest = Guest(host, "demo")
        guest.prepare()
        stage.say("Creating an unmodified Debian guest with a disk, a network"
                  " interface and a console:  xl create demo.cfg")
        guest.create()
        guest.wait_ready()
        stage.say("The guest runs.")
        stage.show(host.out("xl list"))
        before = guest.wait_io(20, 10)
        stage.say("It writes to its disk and reads back what it wrote, with "
                  "checksums, and pings dom0.  Its own console:")
        after = guest.wait_progress(100, 40)
        stage.show("\n".join(guest.console_text().splitlines()[-5:]))
        stage.say(f"Disk operations verified: {before['ios']:.0f} -> "
                  f"{after['ios']:.0f}; pings answered: {before['rx']:.0f} -> "
                  f"{after['rx']:.0f}; errors: {after['errs']:.0f}.")
        stage.say("What the store holds about this guest:")
        stage.show(host.out(
            f"p=/local/domain/{guest.domid()}; "
            "xenstore-ls -fp $p/device | grep -E "
            "'state|ring-ref|event-channel|backend ' | head -12; "
            "xenstore-ls -fp /local/domain/0/backend | grep -E "
            "'state|hotplug-status|physical-device ' | head"))
        stage.say("The guest itself asks the store, over its own ring:")
        stage.show(guest.run("xsclient /dev/xen/xenbus check data/lab")[1]
                   .splitlines()[-1])
        guest.check_no_errors()
        guest.destroy()
        left = host.out("xl list | tail -n +3; xenstore-list /local/domain")
        stage.say("Destroyed.  Domains in the store now: "
                  + " ".join(left.split()))
    stage.say("That was a real hypervisor, a real kernel and Debian's own "
              f"tools; the store behind them was {daemon}.")
