# SPDX-License-Identifier: GPL-2.0-only
"""The pretended Xen of one daemon: the directory that xenshim.so reads."""

import mmap
import os
import secrets
import struct
import time

PAGE = 4096
PORTS = 4096
PORT = struct.Struct('=IIIIIIII')
MAP = struct.Struct('=IIQ')
FREE, INTERDOMAIN, VIRQ = range(3)
VIRQ_DOM_EXC = 3
STATES = {'running': '-', 'shutdown': 'S', 'crashed': 'C', 'dying': 'D',
          'unmappable': 'U'}


class World:
    """Domains, ring pages and event channels."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path)
        self.handles = {}
        os.mkfifo(f'{path}/evtchn', 0o600)
        self.fifo = os.open(f'{path}/evtchn', os.O_RDWR | os.O_NONBLOCK)
        self.ports = self._table('ports', PORTS * PORT.size)
        self.maps = self._table('maps', PORTS * MAP.size)
        self.create(0)

    def close(self):
        os.close(self.fifo)
        self.ports.close()
        self.maps.close()

    def _table(self, name, size):
        with open(f'{self.path}/{name}', 'w+b') as handle:
            handle.truncate(size)
            return mmap.mmap(handle.fileno(), size)

    # -- domains

    def create(self, domid):
        """A new domain, with a new handle and a new, zeroed ring page."""
        ring = f'{self.path}/ring-{domid}'
        with open(ring + '.new', 'wb') as handle:
            handle.truncate(PAGE)
        os.rename(ring + '.new', ring)
        self.handles[domid] = secrets.token_hex(16)
        self.set_state(domid, 'running')

    def set_state(self, domid, state):
        path = f'{self.path}/dom-{domid}'
        if state == 'gone':
            self.handles.pop(domid, None)
            if os.path.exists(path):
                os.unlink(path)
            return
        with open(path + '.new', 'w', encoding='ascii') as handle:
            handle.write(f'{STATES[state]} {self.handles[domid]}\n')
        os.rename(path + '.new', path)

    def domids(self):
        return [d for d in self.handles if d]

    def ring(self, domid):
        """A private mapping object of the domain's page."""
        with open(f'{self.path}/ring-{domid}', 'r+b') as handle:
            return mmap.mmap(handle.fileno(), PAGE)

    # -- event channels

    def port_table(self):
        """Bound local ports: {port: (kind, domid, remote, masked, ...)}."""
        table = {}
        for port, entry in enumerate(PORT.iter_unpack(self.ports[:])):
            if entry[0] != FREE:
                table[port] = entry
        return table

    def find_port(self, kind, domid, remote=None):
        for port, entry in self.port_table().items():
            if entry[0] == kind and entry[1] == domid and (
                    remote is None or entry[2] == remote):
                return port
        return None

    def remote_port(self, domid):
        """The domain's own port number of its channel, or None."""
        port = self.find_port(INTERDOMAIN, domid)
        return self.port_table()[port][2] if port else None

    def notified(self, domid):
        """How often the daemon notified the domain."""
        port = self.find_port(INTERDOMAIN, domid)
        return self.port_table()[port][4] if port else 0

    def masked(self):
        return [p for p, e in self.port_table().items() if e[3]]

    def raise_port(self, port, deadline=5.0):
        """Send an event to the daemon; False if the FIFO stays full."""
        end = time.monotonic() + deadline
        while True:
            try:
                os.write(self.fifo, struct.pack('=I', port))
                return True
            except BlockingIOError:
                if time.monotonic() > end:
                    return False
                time.sleep(0.002)

    def notify(self, domid):
        port = self.find_port(INTERDOMAIN, domid)
        return bool(port) and self.raise_port(port)

    def virq(self, deadline=5.0):
        """Raise VIRQ_DOM_EXC; True once the daemon has taken it."""
        port = self.find_port(VIRQ, 0, VIRQ_DOM_EXC)
        if not port:
            return False
        before = self.port_table()[port][5]
        self.raise_port(port)
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            entry = self.port_table().get(port)
            if entry and entry[5] != before and not entry[3]:
                return True
            time.sleep(0.001)
        return False

    # -- pages

    def mapped(self):
        """Domids whose page is mapped, one entry per mapping."""
        return sorted(domid for used, domid, _ in
                      MAP.iter_unpack(self.maps[:]) if used)
