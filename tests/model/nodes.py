# SPDX-License-Identifier: GPL-2.0-only
"""What requests on nodes mean: the tree, permissions, quotas, commits.

A tree is a dict from path to (value, permissions) in order of creation, so a
copy of the dict is a snapshot, and the children of a node are the keys one
level below it.  Slow, and short enough to be believed.
"""
import re
from dataclasses import dataclass, field

ANY = 32757         # the domid that stands for all domains
SPECIALS = ('@introduceDomain', '@releaseDomain')
CHANGES = ('WRITE', 'MKDIR', 'RM', 'SET_PERMS')
SIZE_FIXED, SIZE_PERM = 25, 8   # how a node's size is counted
NAMES = re.compile(r'[A-Za-z0-9@_-]+(/[A-Za-z0-9@_-]+)*')
RIGHTS = {'n': '', 'r': 'r', 'w': 'w', 'b': 'rw'}


@dataclass(frozen=True)
class Perm:
    """One entry of a permission list."""
    letter: str
    domid: int
    void: bool = False      # for a domain that was not there

    def __str__(self):
        return f'{self.letter}{self.domid}'


@dataclass
class Who:
    """On whose behalf something is asked."""
    domid: int
    privileged: bool = False
    target: int = None

    def is_me(self, domid):
        return domid in (self.domid, self.target)


class Refused(Exception):
    """The request is answered with this error."""


def canonical(path, home):
    """The whole path and how much of it was added; EINVAL."""
    if path == '/':
        return path, 0
    if not NAMES.fullmatch(path[1:] if path[:1] in ('/', '@') else path):
        raise Refused('EINVAL')
    if path[0] in '/@':
        return path, 0
    prefix = f'/local/domain/{home}/'
    return prefix + path, len(prefix)


def parent(path):
    """The path above; None above the top."""
    if path == '/' or path[0] == '@':
        return None
    return path.rpartition('/')[0] or '/'


def below(path, top):
    return path != top and path.startswith(top.rstrip('/') + '/')


def children(tree, path):
    return [p for p in tree if p[0] == '/' and p != '/' and parent(p) == path]


def descendants(tree, path):
    """Everything below, children before their parents."""
    out = []
    for child in children(tree, path):
        out += descendants(tree, child) + [child]
    return out


def owner(tree, path):
    return tree[path][1][0].domid


def rights(perms, who):
    """Of r (read), w (write) and o (owner's)."""
    if who.privileged or who.is_me(perms[0].domid):
        return 'rwo'
    for perm in perms[1:]:
        if not perm.void and (who.is_me(perm.domid) or perm.domid == ANY):
            return RIGHTS[perm.letter]
    return RIGHTS[perms[0].letter]


def may_read(tree, path, who):
    return path in tree and 'r' in rights(tree[path][1], who)


@dataclass
class Limits:
    nodes: int = 1000
    size: int = 2048
    perms: int = 5
    tx_nodes: int = 1024
    watches: int = 128
    transactions: int = 10


@dataclass
class Stage:
    """Requests of one client over a tree: a transaction, or one request.

    used() tells how many nodes the client owns in the store as it is."""
    tree: dict
    who: Who
    limits: Limits          # None: nobody limits this client
    used: object
    base: dict = None
    touched: dict = field(default_factory=dict)
    fresh: set = field(default_factory=set)     # created here
    spoken: dict = field(default_factory=dict)  # changed by name
    cut: set = field(default_factory=set)       # removed by name
    alone: set = field(default_factory=set)     # and then what is above
    log: list = field(default_factory=list)

    def __post_init__(self):
        self.base = dict(self.tree)

    # -- a request

    def do(self, op, path, *args):
        """The reply, as bytes; Refused."""
        try:
            reply = self.attempt(op, path, *args)
        except Refused as why:
            self.log.append(((op, path, *args), str(why)))
            raise
        self.log.append(((op, path, *args), reply))
        return reply

    def attempt(self, op, path, *args):
        if self.limits and path not in self.touched and \
                len(self.touched) >= self.limits.tx_nodes:
            raise Refused('ENOSPC')
        self.touched[path] = True
        return getattr(self, 'do_' + op.lower())(path, *args)

    def ask(self, path, want):
        """Is it there?  Only who has the right learns that it is not."""
        near = path
        while near not in self.tree:
            near = parent(near)
        if not set(want) <= set(rights(self.tree[near][1], self.who)):
            raise Refused('EACCES')
        return path in self.tree

    def must_exist(self, path, want):
        if not self.ask(path, want):
            raise Refused('ENOENT')

    def do_read(self, path):
        self.must_exist(path, 'r')
        return self.tree[path][0]

    def do_directory(self, path):
        self.must_exist(path, 'r')
        names = [p.rpartition('/')[2] for p in children(self.tree, path)]
        return b''.join(n.encode() + b'\0' for n in names)

    def do_directory_part(self, path):
        """From the beginning, and without the generation."""
        return self.do_directory(path) + b'\0'

    def do_get_perms(self, path):
        self.must_exist(path, 'r')
        return b''.join(str(p).encode() + b'\0' for p in self.tree[path][1])

    def fits(self, perms, value):
        if self.limits and SIZE_FIXED + SIZE_PERM * len(perms) + \
                len(value) > self.limits.size:
            raise Refused('ENOSPC')

    def create(self, path, value):
        """With what is missing above it; all or nothing."""
        missing = []
        while path not in self.tree:
            missing.insert(0, path)
            path = parent(path)
        perms = self.tree[path][1]
        if not self.who.privileged:
            perms = (Perm(perms[0].letter, self.who.domid),) + perms[1:]
        self.fits(perms, value)
        if self.limits:
            lost = [p for p in self.base if owner(self.base, p) ==
                    self.who.domid and (p not in self.tree or p in self.fresh)]
            more = len(self.fresh) + len(missing) - len(lost)
            if more > 0 and self.used() + more > self.limits.nodes:
                raise Refused('ENOSPC')
        for one in missing:
            self.tree[one] = (b'', perms)
            self.fresh.add(one)
        self.tree[missing[-1]] = (value, perms)

    def do_write(self, path, value):
        if self.ask(path, 'w'):
            perms = self.tree[path][1]
            self.fits(perms, value)
            self.tree[path] = (value, perms)
        else:
            self.create(path, value)
        self.spoken[path] = True
        return b'OK\0'

    def do_mkdir(self, path):
        if not self.ask(path, 'w'):
            self.create(path, b'')
            self.spoken[path] = True
        return b'OK\0'

    def do_rm(self, path):
        if path == '/':
            raise Refused('EINVAL')
        if not self.ask(path, 'w') and parent(path) not in self.tree:
            raise Refused('ENOENT')
        for gone in [p for p in self.tree if p == path or below(p, path)]:
            del self.tree[gone]
            self.fresh.discard(gone)
        for gone in [p for p in self.spoken if below(p, path)]:
            del self.spoken[gone]
        self.alone |= {p for p in self.cut if below(p, path)}
        self.cut.add(path)
        self.spoken[path] = True
        return b'OK\0'

    def do_set_perms(self, path, perms):
        self.must_exist(path, 'wo')
        value, old = self.tree[path]
        if not self.who.privileged and perms[0].domid != old[0].domid:
            raise Refused('EPERM')
        self.fits(perms, value)
        self.tree[path] = (value, perms)
        self.spoken[path] = True
        return b'OK\0'

    # -- as a transaction

    def changed_anything(self):
        return any(request[0] in CHANGES and reply == b'OK\0'
                   for request, reply in self.log)

    def again(self, tree):
        """The same requests over another tree; None if any reply differs."""
        new = Stage(dict(tree), self.who, self.limits, self.used)
        for request, reply in self.log:
            try:
                now = new.do(*request)
            except Refused as why:
                now = str(why)
            if now != reply:
                return None
        return new

    # -- who is told of what

    def events(self):
        """(path, kind, readers) in order: kind is 'tree' for watches of the
        path and of those above, 'node' for those of the path only; readers:
        whoever can read one of these permission lists is told."""
        for path in self.touched:
            if path in self.alone and path in self.base:
                yield path, 'tree', self.seen_by(path, self.base)
            if path not in self.spoken or path[0] == '@':
                continue
            lost = any(below(path, c) for c in self.cut)
            if path in self.cut and path in self.base and not lost:
                for one in descendants(self.base, path):
                    yield one, 'node', self.seen_by(one, self.base)
            before = path in self.base and not lost
            if path in self.tree or (before and path in self.cut):
                readers = self.seen_by(path, self.tree)
                yield path, 'tree', readers + (
                    [self.base[path][1]] if before else [])

    @staticmethod
    def seen_by(path, tree):
        return [tree[p][1] for p in (path, parent(path)) if p in tree]
