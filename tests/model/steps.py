# SPDX-License-Identifier: GPL-2.0-only
"""Random cases.

A case is a list of steps, each of them plain data that means something
wherever it stands: a step that cannot be done (a request of a domain that is
not there) is left out.  So every part of a case is a case, which is all that
the shrinker needs.

    quotas small|usual              before all others
    ask CLIENT OP SLOT ARGUMENT...  SLOT: of one of its transactions, or None
    batch CLIENT (OP SLOT ARGUMENT...)...   at once
    split CLIENT PART WHAT OP SLOT ARGUMENT...  in two pieces, a live update,
                                    a move or nothing in between
    late DOMID OP SLOT ARGUMENT...  of a domain that stands still
    start|end CLIENT SLOT [T|F]     a transaction
    about OP DOMID...               a privileged request about domains
    born|gone|shutdown|running D    Xen's view of a domain
    look                            the VIRQ: the daemon looks at that
    close CLIENT, reconnect D       connections begin afresh
    quiesce|resume|move D           move: exported and imported again
    update                          a live update
"""
from nodes import ANY, Perm

SOCKETS = ('S1', 'S2')
DOMAINS = (1, 2, 3)
NOBODY = 9      # a domid that is never used
SLOTS = 2
PATHS = ('/', '/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f', '/a/b/c/g/h', 'x',
         'x/y', 'x/y/z', 'data', '/local/domain/1', '/local/domain/1/x',
         '/local/domain/2/x/y', '/local/domain/3/x', '/local/domain/2',
         '/local/domain/0/backend/vbd/1/0/state', '/local/domain/0/x',
         '/vm/u', '/libxl/1/type', '/local')
ODD = ('', '/a/', '//a', '/a b', '@releaseDomain', '@introduceDomain', '@no')
WATCHED = ('@releaseDomain', '@introduceDomain', '@releaseDomain/1')
TOKENS = ('t', 'u', '')
VALUES = (b'', b'v', b'w', b'a\0b', b'm' * 30, b'l' * 60)
READS = ('READ', 'DIRECTORY', 'GET_PERMS', 'DIRECTORY_PART')

WEIGHTS = {'read': 16, 'write': 20, 'mkdir': 5, 'rm': 8, 'perms': 10,
           'watch': 10, 'unwatch': 2, 'reset': .5, 'start': 6, 'end': 4,
           'introduce': 1, 'release': .7, 'resumed': .5, 'target': 1,
           'known': .5, 'birth': 3, 'gone': 1.5, 'shutdown': 1, 'running': .5,
           'look': 2, 'close': .7, 'reconnect': .5, 'quiesce': 2, 'resume': 3,
           'move': 3, 'update': 2, 'batch': 4, 'split': 2, 'late': 2}
OPTIONAL = ('watch', 'start', 'perms', 'gone', 'quiesce', 'release', 'reset',
            'rm', 'close', 'target', 'reconnect')
STRAY = .03     # requests that make no sense


class Maker:
    """Makes the steps of one case, which uses some of what there is.  It
    keeps in mind roughly what is there, so that most steps find it."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.clients = rnd.sample([f'D{d}' for d in DOMAINS] * 2 +
                                  list(SOCKETS) * 2, rnd.randint(3, 8))
        self.paths = rnd.sample(PATHS, rnd.randint(2, 7))
        self.in_tx = rnd.choice((.3, .6, .9))
        self.open = {client: set() for client in self.clients}
        self.there = set()      # domains
        self.weights = dict(WEIGHTS)
        for name in OPTIONAL:
            if rnd.random() < .3:
                self.weights[name] = 0
        if rnd.random() < .6:
            self.weights['update'] = 0
        self.cuts = ('move', None) + (('update',) if self.weights['update']
                                      else ())

    def case(self):
        count = self.rnd.randint(10, 90)
        names = self.rnd.choices(list(self.weights),
                                 list(self.weights.values()), k=count)
        out = self.prologue()
        for name in names:
            out += getattr(self, 'make_' + name,
                           lambda n=name: [(n, self.domid())])()
        return out

    def prologue(self):
        """Two guests, and usually everybody may change things."""
        out = [('quotas', self.rnd.choice(('small', 'small', 'usual')))]
        out += self.birth(1) + self.birth(2)
        if self.rnd.random() < .8:
            out.append(('ask', 'S1', 'SET_PERMS', None, '/',
                        (Perm(self.rnd.choice('rbbb'), 0),)))
        for path in self.paths[:self.rnd.randint(0, 4)]:
            out.append(('ask', 'S1', 'WRITE', None, path, b'v'))
        for path in self.paths[:self.rnd.randint(0, 4)]:
            out.append(('ask', self.rnd.choice(self.clients), 'WATCH', None,
                        path, 'p', None))
        return out

    def birth(self, domid):
        """A domain as a toolstack makes it, but for the details."""
        self.there.add(domid)
        home = f'/local/domain/{domid}'
        out = [('born', domid)]
        if self.rnd.random() < .8:
            out += [('ask', 'S1', 'MKDIR', None, home),
                    ('ask', 'S1', 'SET_PERMS', None, home,
                     (Perm(self.rnd.choice('nrb'), domid),))]
        if self.rnd.random() < .9:
            out.insert(self.rnd.choice((1, len(out))),
                       ('about', 'INTRODUCE', domid))
        return out

    def client(self):
        there = [c for c in self.clients
                 if c[0] == 'S' or int(c[1:]) in self.there]
        busy = [c for c in there if self.open[c]]
        if busy and self.rnd.random() < self.in_tx / 2:
            return self.rnd.choice(busy)
        return self.rnd.choice(there or self.clients)

    def path(self):
        if self.rnd.random() < STRAY:
            return self.rnd.choice(ODD)
        return self.rnd.choice(self.paths)

    def slot(self, client):
        if self.rnd.random() < STRAY:
            return self.rnd.randrange(SLOTS)
        if self.open.get(client) and self.rnd.random() < self.in_tx:
            return self.rnd.choice(sorted(self.open[client]))
        return None

    def domid(self):
        return self.rnd.choice(DOMAINS)

    def perms(self):
        others = (0, NOBODY, ANY) + DOMAINS * 2
        return tuple(
            Perm(self.rnd.choice('nrwb'),
                 self.rnd.choice((0,) + DOMAINS[:2] if not n else others))
            for n in range(self.rnd.choice((1, 1, 2, 2, 3, 4))))

    def ask(self, op, *args):
        client = self.client()
        return [('ask', client, op, self.slot(client), *args)]

    def make_read(self):
        return self.ask(self.rnd.choice(READS), self.path())

    def make_write(self):
        return self.ask('WRITE', self.path(), self.rnd.choice(VALUES))

    def make_mkdir(self):
        return self.ask('MKDIR', self.path())

    def make_rm(self):
        """Sometimes it comes back at once, or goes with what is above it."""
        out = self.ask('RM', self.path())
        head, path = out[0][:2], out[0][4]
        slot, again = out[0][3], self.rnd.randrange(6)
        if again == 0:
            out.append((*head, 'MKDIR', slot, path))
        elif again == 1:
            out.append((*head, 'RM', slot, path.rpartition('/')[0] or '/'))
        return out

    def make_perms(self):
        """By anybody; half of them by somebody who may."""
        path, perms = self.path(), self.perms()
        if self.rnd.random() < .1:
            path = self.rnd.choice(ODD[-3:])
        if self.rnd.random() < .4:
            return [('ask', self.rnd.choice(SOCKETS), 'SET_PERMS', None, path,
                     perms)]
        client = self.client()
        if client[0] == 'D' and self.rnd.random() < .8:
            perms = (Perm(perms[0].letter, int(client[1:])),) + perms[1:]
        return [('ask', client, 'SET_PERMS', self.slot(client), path, perms)]

    def watched(self):
        if self.rnd.random() < .2:
            return self.rnd.choice(WATCHED)
        path = self.path()
        if self.rnd.random() < .4:
            path = path.rpartition('/')[0] or '/'
        return path

    def make_watch(self):
        return self.ask('WATCH', self.watched(), self.rnd.choice(TOKENS),
                        self.rnd.choice((None, None, None, 0, 1, 2)))

    def make_unwatch(self):
        return self.ask('UNWATCH', self.watched(), self.rnd.choice(TOKENS))

    def make_reset(self):
        return self.ask('RESET_WATCHES')

    def make_start(self):
        client, slot = self.client(), self.rnd.randrange(SLOTS)
        self.open[client].add(slot)
        return [('start', client, slot)]

    def make_end(self):
        known = [(c, s) for c in self.open for s in sorted(self.open[c])]
        client, slot = self.client(), self.rnd.randrange(SLOTS)
        if self.rnd.random() > STRAY:
            if not known:
                return self.make_start()
            client, slot = self.rnd.choice(known)
        self.open[client].discard(slot)
        return [('end', client, slot, self.rnd.choice('TTTTF'))]

    def make_introduce(self):
        return [('about', 'INTRODUCE', self.domid())]

    def make_release(self):
        return [('about', 'RELEASE', self.domid())]

    def make_resumed(self):
        return [('about', 'RESUME', self.domid())]

    def make_target(self):
        return [('about', 'SET_TARGET', self.domid(), self.domid())]

    def make_known(self):
        return [('about', 'IS_DOMAIN_INTRODUCED', self.domid())]

    def make_birth(self):
        gone = [d for d in DOMAINS if d not in self.there]
        return self.birth(self.rnd.choice(gone or DOMAINS))

    def make_gone(self):
        domid = self.domid()
        self.there.discard(domid)
        return [('gone', domid)] + [('look',)] * self.rnd.randint(0, 1)

    def make_quiesce(self):
        """Often at once moved, and going on."""
        domid, how = self.domid(), self.rnd.randrange(3)
        return [('quiesce', domid), ('move', domid), ('resume', domid)][
            :(1, 2, 3)[how]]

    def simple(self, client):
        """One request with a foregone effect, without its client."""
        _, _, op, _, *args = getattr(self, 'make_' + self.rnd.choice(
            ('write', 'write', 'read', 'rm', 'mkdir', 'watch')))()[0]
        return (op, self.slot(client), *args)

    def make_batch(self):
        client = self.client()
        return [('batch', client, *(self.simple(client) for _ in
                                    range(self.rnd.randint(2, 6))))]

    def make_split(self):
        client = self.client()
        return [('split', client, self.rnd.random(),
                 self.rnd.choice(self.cuts), *self.simple(client))]

    def make_late(self):
        """While it stands still, and often more happens meanwhile."""
        domid = self.domid()
        request = self.simple(f'D{domid}')
        out = [('quiesce', domid), ('late', domid, *request)]
        out += self.make_write() + [('move', domid)]
        return out[:self.rnd.choice((2, 3, 4, 4))] + [('resume', domid)]

    def make_look(self):
        return [('look',)]

    def make_update(self):
        return [('resume', d) for d in DOMAINS] + [('update',)]

    def make_close(self):
        return [('close', self.rnd.choice(SOCKETS))]


def simpler(step):
    """What could be there instead, and would be easier to read."""
    if step[0] == 'batch':
        for n in range(2, len(step)):
            yield step[:n] + step[n + 1:]
    if step[0] == 'split':
        yield ('ask', step[1], *step[4:])
        yield (*step[:3], None, *step[4:])
    if step[0] != 'ask':
        return
    head, op, slot, args = step[:2], step[2], step[3], step[4:]
    if slot is not None:
        yield (*head, op, None, *args)
    if op == 'WRITE' and args[1]:
        yield (*head, op, slot, args[0], b'')
    if op == 'WATCH' and args[2] is not None:
        yield (*head, op, slot, args[0], args[1], None)
    if op == 'SET_PERMS':
        for n in range(len(args[1])):
            fewer = args[1][:n] + args[1][n + 1:]
            if fewer:
                yield (*head, op, slot, args[0], fewer)
