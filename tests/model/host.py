# SPDX-License-Identifier: GPL-2.0-only
"""The reference: a host with a store, clients, domains, watches.

Every request gives a reply and, for each client, the events it is told.
"""
import re
from collections import defaultdict
from dataclasses import dataclass, field

from nodes import (ANY, SPECIALS, Limits, Perm, Refused, Stage, Who, below,
                   canonical, descendants, owner, parent, rights)

FIRST_RESERVED = 0x7ff0
NODE_OPS = ('READ', 'DIRECTORY', 'DIRECTORY_PART', 'GET_PERMS', 'WRITE',
            'MKDIR', 'RM', 'SET_PERMS')


@dataclass
class Watch:
    path: str
    token: str
    depth: int      # None: all levels
    prefix: int     # so much of a path the client is not told


@dataclass
class Conn:
    """A client: its watches and transactions, in order."""
    name: str
    who: Who
    watches: list = field(default_factory=list)
    open: dict = field(default_factory=dict)    # id -> Stage
    doomed: set = field(default_factory=set)
    torn: set = field(default_factory=set)      # see Host.rebase()
    still: bool = False     # quiesced: its events wait
    waiting: list = field(default_factory=list)
    before: dict = None     # the store when it was quiesced

    def reset(self):
        self.watches.clear()
        self.open.clear()
        self.doomed.clear()
        self.torn.clear()
        self.waiting.clear()


@dataclass
class Domain:
    """What the daemon knows of a domid, once it has heard of it."""
    life: int
    introduced: bool = False
    told: bool = False      # its shutdown


def forget(tree, domid):
    """No entry names the domain any more."""
    for path, (value, perms) in tree.items():
        kept = tuple(p for p in perms[1:] if p.domid != domid)
        tree[path] = (value, perms[:1] + kept)


class Host:
    """Xen and the store; op_* are requests, the others happen."""

    def __init__(self, limits=None):
        n0 = (Perm('n', 0),)
        self.limits = limits or Limits()
        self.tree = {p: (b'', n0) for p in
                     ('/', '/tool', '/tool/xenstored') + SPECIALS}
        self.conns = {}
        self.domains = {0: Domain(0, True)}
        self.xen = {0: (0, 'running')}     # domid -> (life, state)
        self.lives = 0
        self.events = defaultdict(list)     # client -> [(path, token)]
        self.in_order = True    # those events come in this order

    # -- clients

    def connect(self, name, domid=0):
        self.conns[name] = Conn(name, Who(domid, domid == 0))

    def ring(self, domid):
        return self.conns.get(f'D{domid}')

    def limited(self, conn):
        return None if conn.who.privileged else self.limits

    # -- events

    def tell(self, conn, watch, path):
        """A double of one that is still on its way says nothing new."""
        event = (path[watch.prefix:], watch.token)
        queue = conn.waiting if conn.still else self.events[conn.name]
        if path[0] == '@' or event not in queue:
            queue.append(event)

    def fire(self, path, kind, readers):
        for conn in self.conns.values():
            if not any('r' in rights(perms, conn.who) for perms in readers) \
                    and not conn.who.privileged:
                continue
            near = [w for w in conn.watches if w.path == path]
            if kind == 'tree':
                near = [w for w in conn.watches
                        if w.path == path or below(path, w.path)]
            for watch in sorted(near, key=lambda w: len(w.path)):
                levels = path.count('/') - watch.path.rstrip('/').count('/')
                if path == '/':
                    levels = 0
                if kind == 'node' or watch.depth is None or \
                        levels <= watch.depth:
                    self.tell(conn, watch, path)

    def fire_special(self, name, domid=None):
        """Of one domain (to those who want to know which) or of some."""
        for conn in self.conns.values():
            if 'r' not in rights(self.tree[name][1], conn.who):
                continue
            for watch in conn.watches:
                which = f'{name}/{domid}'
                if domid is None:
                    if watch.path == name and not watch.depth:
                        self.tell(conn, watch, name)
                elif watch.path == which or (watch.path == name and
                                             watch.depth):
                    self.tell(conn, watch, which)

    # -- requests

    def request(self, name, op, tx, *args):
        """The reply as bytes, or the name of an error."""
        conn = self.conns[name]
        try:
            return self.dispatch(conn, op, tx, args)
        except Refused as why:
            return str(why)

    def dispatch(self, conn, op, tx, args):
        if op in ('INTRODUCE', 'RELEASE', 'RESUME', 'SET_TARGET',
                  'IS_DOMAIN_INTRODUCED') and not conn.who.privileged:
            raise Refused('EACCES')
        if tx and op not in ('WATCH', 'UNWATCH') and tx not in conn.open:
            raise Refused('ENOENT')
        if op in NODE_OPS:
            return self.on_node(conn, op, tx, *args)
        return getattr(self, 'op_' + op.lower())(conn, tx, *args)

    def on_node(self, conn, op, tx, path, *args):
        path, _ = canonical(path, conn.who.domid)
        if path[0] == '@' and (op not in ('GET_PERMS', 'SET_PERMS') or
                               path not in SPECIALS):
            raise Refused('EINVAL')
        if op == 'SET_PERMS':
            args = (self.settle(conn, args[0]),)
        stage = conn.open.get(tx) if tx else self.stage(conn)
        reply = stage.do(op, path, *args)
        if not tx:
            self.apply(stage)
        return reply

    def stage(self, conn):
        domid = conn.who.domid
        return Stage(dict(self.tree), conn.who, self.limited(conn),
                     lambda: self.owned(domid))

    def owned(self, domid):
        return sum(owner(self.tree, p) == domid for p in self.tree)

    def apply(self, stage):
        for event in stage.events():
            self.fire(*event)
        self.tree = stage.tree

    def settle(self, conn, perms):
        """The owner has to exist; others that do not are void."""
        if self.limited(conn) and len(perms) > self.limits.perms:
            raise Refused('ENOSPC')
        if not self.get(perms[0].domid):
            raise Refused('ENOENT')
        return perms[:1] + tuple(
            Perm(p.letter, p.domid, p.domid != ANY and not self.get(p.domid))
            for p in perms[1:])

    def op_transaction_start(self, conn, tx):
        if tx:
            raise Refused('EBUSY')
        if self.limited(conn) and \
                len(conn.open) >= self.limits.transactions:
            raise Refused('ENOSPC')
        return None     # any new number; started() is told which

    def started(self, name, tx):
        conn = self.conns[name]
        conn.open[tx] = self.stage(conn)

    def op_transaction_end(self, conn, tx, how):
        if not tx:
            raise Refused('ENOENT')
        stage = conn.open.pop(tx)
        doomed = tx in conn.doomed
        conn.doomed.discard(tx)
        conn.torn.discard(tx)
        if how == 'T' and doomed:
            raise Refused('EAGAIN')
        if how == 'T' and stage.changed_anything():
            stage = stage.again(self.tree)
            if not stage:
                raise Refused('EAGAIN')
            self.apply(stage)
        return b'OK\0'

    def op_watch(self, conn, tx, path, token, depth=None):
        whole, prefix = canonical(path, conn.who.domid)
        if any((w.path, w.token) == (whole, token) for w in conn.watches):
            raise Refused('EEXIST')
        if self.limited(conn) and len(conn.watches) >= self.limits.watches:
            raise Refused('E2BIG')
        conn.watches.append(Watch(whole, token, depth, prefix))
        self.tell(conn, conn.watches[-1], whole)
        return b'OK\0'

    def op_unwatch(self, conn, tx, path, token):
        whole, _ = canonical(path, conn.who.domid)
        for watch in conn.watches:
            if (watch.path, watch.token) == (whole, token):
                conn.watches.remove(watch)
                return b'OK\0'
        raise Refused('ENOENT')

    def op_reset_watches(self, conn, tx):
        waiting = list(conn.waiting)
        conn.reset()
        conn.waiting = waiting
        return b'OK\0'

    def op_get_domain_path(self, conn, tx, domid):
        return f'/local/domain/{domid}\0'.encode()

    # -- requests about domains

    def get(self, domid):
        """What is known of a domain; one that Xen knows is known from now
        on, one that was another domain's number is forgotten first."""
        known = self.domains.get(domid)
        if known and known.introduced:
            return known
        now = self.xen.get(domid)
        if known and (not now or now[0] != known.life):
            self.destroy(domid)
        if not now or domid >= FIRST_RESERVED:
            return None
        return self.domains.setdefault(domid, Domain(now[0]))

    def op_introduce(self, conn, tx, domid):
        domain = self.get(domid)
        if not domain:
            raise Refused('EINVAL')
        if domain.introduced:
            self.ring(domid).reset()
            return b'OK\0'
        domain.introduced = True
        self.connect(f'D{domid}', domid)
        self.fire_special('@introduceDomain', domid)
        self.fire_special('@introduceDomain')
        return b'OK\0'

    def introduced(self, domid):
        return domid in self.domains and self.domains[domid].introduced

    def op_release(self, conn, tx, domid):
        if not domid:
            raise Refused('EINVAL')
        if not self.introduced(domid):
            raise Refused('ENOENT')
        self.destroy(domid)
        return b'OK\0'

    def op_resume(self, conn, tx, domid):
        if not domid:
            raise Refused('EINVAL')
        if not self.introduced(domid):
            raise Refused('ENOENT')
        self.domains[domid].told = False
        return b'OK\0'

    def op_set_target(self, conn, tx, domid, target):
        if not self.introduced(domid) or not self.introduced(target):
            raise Refused('ENOENT')
        self.ring(domid).who.target = target
        return b'OK\0'

    def op_is_domain_introduced(self, conn, tx, domid):
        return b'T\0' if self.introduced(domid) else b'F\0'

    # -- what happens to domains

    def born(self, domid):
        self.lives += 1
        self.xen[domid] = (self.lives, 'running')

    def set_state(self, domid, state):
        if state == 'gone':
            del self.xen[domid]
        else:
            self.xen[domid] = (self.xen[domid][0], state)

    def look(self):
        """The daemon looks at what Xen says."""
        some = False
        for domid, domain in sorted(self.domains.items()):
            now = self.xen.get(domid)
            if domain.introduced and not domain.told and now and \
                    now == (domain.life, 'shutdown'):
                domain.told = some = True
                self.fire_special('@releaseDomain', domid)
        if some:
            self.fire_special('@releaseDomain')
        for domid, domain in sorted(self.domains.items()):
            if domid and self.xen.get(domid, (None,))[0] != domain.life:
                self.destroy(domid)

    def destroy(self, domid):
        """Nothing of it is left, and nothing names it."""
        domain = self.domains.pop(domid)
        if domain.introduced:
            del self.conns[f'D{domid}']
            self.events.pop(f'D{domid}', None)  # not sent yet, so never
        for conn in self.conns.values():
            if conn.who.target == domid:
                conn.who.target = None
            for tx, stage in conn.open.items():
                if any(request[0] == 'SET_PERMS' and reply == b'OK\0' and
                       domid in [p.domid for p in request[2]]
                       for request, reply in stage.log):
                    conn.doomed.add(tx)
        self.purge(domid)
        if domain.introduced:
            self.fire_special('@releaseDomain', domid)
            self.fire_special('@releaseDomain')

    def purge(self, domid):
        self.in_order = False
        for path in SPECIALS:
            value, perms = self.tree[path]
            if perms[0].domid == domid:
                self.tree[path] = (value, (Perm(perms[0].letter, 0),) +
                                   perms[1:])
        while True:
            mine = [p for p in self.tree if owner(self.tree, p) == domid]
            if '/' in mine:
                mine.remove('/')
                value, perms = self.tree['/']
                self.tree['/'] = (value, (Perm(perms[0].letter, 0),) +
                                  perms[1:])
            if not mine:
                break
            top = min(mine, key=len)
            for one in descendants(self.tree, top):
                self.fire(one, 'node', Stage.seen_by(one, self.tree))
            self.fire(top, 'tree', Stage.seen_by(top, self.tree))
            for one in descendants(self.tree, top) + [top]:
                del self.tree[one]
        # The one thing that transactions see of what others do.
        forget(self.tree, domid)
        for conn in self.conns.values():
            for stage in conn.open.values():
                forget(stage.tree, domid)
                forget(stage.base, domid)
            if conn.before:
                forget(conn.before, domid)

    # -- another daemon takes over, or another host

    def rebase(self, conn):
        """A transaction that would be told the same now goes on from here;
        of any other it is only known that it cannot commit."""
        for tx, stage in list(conn.open.items()):
            new = stage.again(self.tree)
            void = any(request[0] == 'SET_PERMS' and reply == b'OK\0' and
                       any(p.void for p in request[2])
                       for request, reply in stage.log)
            if new and not void and tx not in conn.doomed:
                conn.open[tx] = new
            else:
                conn.doomed.add(tx)
                conn.torn.add(tx)

    def live_update(self):
        for conn in self.conns.values():
            self.rebase(conn)
        self.look()

    def quiesce(self, domid):
        conn = self.ring(domid)
        conn.still = True
        conn.before = dict(self.tree)

    def moved(self, domid):
        conn = self.ring(domid)
        self.rebase(conn)
        conn.before = None

    def resume(self, domid):
        """What was detached and attached again meanwhile is no news."""
        conn = self.ring(domid)
        conn.still = False
        backend = re.compile(f'/local/domain/\\d+/backend/[^/]+/{domid}/')
        for path, token in conn.waiting:
            if conn.before is None or not backend.match(path) or \
                    conn.before.get(path) != self.tree.get(path):
                self.events[conn.name].append((path, token))
        conn.waiting = []
