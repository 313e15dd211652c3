# SPDX-License-Identifier: GPL-2.0-only
"""Clients and guests at work while one daemon after the other takes over."""

import threading
import time

from host import Failed, Host, expect

GUESTS = (1, 2, 3)
SOCKETS = ('S1', 'S2', 'S3')
SECONDS = 6.0


class Worker(threading.Thread):
    """Writes, reads back and counts; whatever is wrong ends up in why."""

    def __init__(self, host, name, transactions):
        super().__init__(daemon=True)
        self.host, self.name_, self.transactions = host, name, transactions
        self.stop = False
        self.count = 0
        self.why = None
        host[name]  # made by the main thread

    def ask(self, text, tx=0):
        return self.host.ask(self.name_, text, tx, 30)

    def one(self, i):
        path = f'/local/domain/{self.name_[1:]}/work' \
            if self.name_[0] == 'D' else f'/busy/{self.name_}'
        expect(self.ask(f'WRITE {path} {i}'), 'OK', 'WRITE')
        expect(self.ask(f'READ {path}'), f'"{i}"', 'READ')
        if self.transactions and i % 7 == 0:
            tx = self.host.begin(self.name_)
            expect(self.ask(f'READ {path}', tx), f'"{i}"', 'READ in tx')
            expect(self.ask(f'WRITE {path}-tx {i}', tx), 'OK', 'WRITE in tx')
            end = self.ask('TRANSACTION_END T', tx)
            if end == 'EAGAIN' and self.host.has_c:
                return  # 4.17 says so for neighbours as well
            expect(end, 'OK', 'commit')
            expect(self.ask(f'READ {path}-tx'), f'"{i}"', 'after it')

    def run(self):
        try:
            while not self.stop:
                self.one(self.count)
                self.count += 1
        except Exception as why:  # pylint: disable=broad-except
            self.why = f'{self.name_} after {self.count}: {why!r}'


class Teller(Worker):
    """Creates nodes with numbers, which somebody watches."""

    def one(self, i):
        expect(self.ask(f'WRITE /told/{i} v'), 'OK', 'WRITE')
        if i >= 50:
            expect(self.ask(f'RM /told/{i - 50}'), 'OK', 'RM')


class Listener(Worker):
    """Every number comes twice, for its coming and its going, in order."""

    def __init__(self, host, name):
        super().__init__(host, name, False)
        host.check(name, 'WATCH /told t', 'OK')
        host.event(name)
        self.seen = []

    def run(self):
        while True:
            stopping = self.stop    # what is on its way still counts
            message = self.host[self.name_].event(0.2)
            if message:
                self.seen.append(int(
                    message.payload.split(b'\0')[0].split(b'/')[-1]))
            elif stopping:
                return

    def judge(self, count):
        coming = [i for n, i in enumerate(self.seen)
                  if i not in set(self.seen[max(0, n - 110):n])]
        expect(coming, list(range(count)), 'events')
        # The removal of a node is told once more, but not to somebody who has
        # yet to read of its creation: that is the same event.
        most = count + max(0, count - 50)
        expect(count <= len(self.seen) <= most, True,
               f'{count} to {most} events, not {len(self.seen)}')


def run(ctx, chain):
    with Host(ctx, chain[0]) as host:
        host.guest(*GUESTS)
        host.has_c = 'c' in chain
        workers = [Worker(host, n, True) for n in SOCKETS]
        workers += [Worker(host, f'D{d}', not host.has_c) for d in GUESTS]
        teller, listener = Teller(host, 'S4', False), Listener(host, 'S5')
        everybody = workers + [teller, listener]
        for worker in everybody:
            worker.start()
        end = time.monotonic() + SECONDS
        updates = 0
        while time.monotonic() < end or updates < len(chain) - 1:
            updates += 1
            host.update(chain[updates % len(chain)])
            time.sleep(0.3)
        for worker in everybody[:-1]:
            worker.stop = True
        for worker in everybody[:-1]:
            worker.join(30)
            if worker.why:
                raise Failed(worker.why)
            if worker.count < 10:
                raise Failed(f'{worker.name_} did {worker.count} rounds')
        time.sleep(0.5)
        listener.stop = True
        listener.join(30)
        listener.judge(teller.count)
        host.check('S', f'READ /told/{teller.count - 1}', '"v"')
        host.healthy()


def make(chain):
    def case(ctx):
        run(ctx, chain)
    return case


def cases():
    return [('traffic/ours', make(('ours',))),
            ('traffic/ours-c', make(('ours', 'c'))),
            ('traffic/c-ours', make(('c', 'ours')))]
