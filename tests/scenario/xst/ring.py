# SPDX-License-Identifier: GPL-2.0-only
"""Clients that are domains: the guest's end of a ring page."""

import time

from .client import LIMITS, Client, Mismatch

SIZE = 1024
FIELDS = ('req_cons', 'req_prod', 'rsp_cons', 'rsp_prod', 'server_features',
          'connection', 'error', 'evtchn_port')
WORD = {name: 512 + pos for pos, name in enumerate(FIELDS)}
MASK = 0xffffffff
POLL = 0.0005


class RingClient(Client):
    """A domain.  Each field is written with one aligned 4 byte store, as a
    guest does."""

    def __init__(self, name, trace, world, domid):
        super().__init__(name, trace)
        self.world = world
        self.domid = domid
        self.deaf = False
        self.seen = 0
        self.open_page()

    def open_page(self):
        self.page = self.world.ring(self.domid)
        self.words = memoryview(self.page).cast('I')

    def rebirth(self):
        """A new domain under the same number: nothing old is left."""
        self.close()
        self.buf.clear()
        self.inbox.clear()
        self.outstanding.clear()
        self.seen = 0
        self.open_page()

    def close(self):
        self.words.release()
        self.page.close()

    def peek(self, name):
        return self.words[WORD[name]]

    def poke(self, name, value):
        self.words[WORD[name]] = value & MASK

    def notify(self):
        self.world.notify(self.domid)

    # -- transport

    def room(self):
        room = SIZE - ((self.peek('req_prod') - self.peek('req_cons')) & MASK)
        return room if 0 < room <= SIZE else 0

    def put(self, data):
        """Place as much of *data* as fits; returns the number of bytes."""
        prod = self.peek('req_prod')
        room = self.room()
        if not room:
            return 0
        part = data[:room]
        at = prod % SIZE
        first = part[:SIZE - at]
        self.page[at:at + len(first)] = first
        self.page[0:len(part) - len(first)] = part[len(first):]
        self.poke('req_prod', prod + len(part))
        self.notify()
        return len(part)

    def transmit(self, data):
        end = time.monotonic() + LIMITS.wait
        while data:
            sent = self.put(data)
            data = data[sent:]
            if sent:
                continue
            if time.monotonic() > end:
                raise Mismatch('the daemon to read the ring', 'nothing')
            if self.deaf or not self.pump(0):
                time.sleep(POLL)

    def receive(self, timeout):
        end = time.monotonic() + timeout
        while True:
            cons = self.peek('rsp_cons')
            used = (self.peek('rsp_prod') - cons) & MASK
            if 0 < used <= SIZE:
                break
            if time.monotonic() >= end:
                return b''
            time.sleep(POLL)
        at = cons % SIZE
        data = self.page[1024 + at:1024 + min(at + used, SIZE)]
        data += self.page[1024:1024 + used - len(data)]
        self.poke('rsp_cons', cons + used)
        self.notify()
        return data

    def was_notified(self):
        """Did the daemon notify since the last call?"""
        count = self.world.notified(self.domid)
        changed = count != self.seen
        self.seen = count
        return changed
