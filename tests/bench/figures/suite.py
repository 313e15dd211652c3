# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: groups of jobs, each group in a fresh daemon.

A step is (key, job); a key that is None only sets something up.  GROWTH says
which keys are points of a growth law.
"""

ALL = ('c', 'ocaml', 'ours', 'floor')
XEN = ('c', 'ocaml', 'ours')

# Also what instructions and system calls are counted of: (key, job, number of
# operations for the counts).
SMALL = [
    ('read', 'read', 400),
    ('write', 'write', 400),
    ('create_rm', 'create_rm', 300),
    ('mkdir_deep', 'mkdir_deep', 200),
    ('directory10', 'directory:n=10', 300),
    ('directory1000', 'directory:n=1000', 300),
    ('get_perms', 'get_perms', 300),
    ('set_perms', 'set_perms', 300),
    ('tx0', 'tx:k=0', 300),
    ('tx10w', 'tx:k=10', 100),
    ('tx10r', 'tx:k=-10', 100),
    ('tx_conflict', 'tx_conflict', 100),
    ('read16', 'read:c=16', 1600),
    ('write16', 'write:c=16', 1600),
    ('read_d32', 'read:d=32', 1600),
    ('write_d32', 'write:d=32', 1600),
    ('read16_d16', 'read:c=16,d=16', 5120),
    ('connect', 'connect', 100),
    # Last, for their connections stay.
    ('fanout1', 'fanout:n=1', 200),
    ('fanout100x1', 'fanout:n=100,c=1', 50),
    ('fanout100x100', 'fanout:n=100,c=100', 50),
]
FLOOR_CAN = {'read', 'write', 'tx0', 'tx10w', 'tx10r', 'read16', 'write16',
             'read_d32', 'write_d32', 'read16_d16'}

# What the regression test counts: all of these that are one client's, and
# some with others in the way.
COUNTED = [step for step in SMALL if step[0] not in (
    'directory10', 'read16', 'write16', 'read16_d16', 'fanout100x100')] + [
        (None, 'watches:n=20000,c=100', 0), ('write_watches', 'write', 200),
        (None, 'idle:n=200', 0), ('read_idle', 'read', 200),
        (None, 'domains:n=20', 0), ('boot', 'boot', 10),
        ('ring', 'ring', 200), (None, 'fill:n=20000', 0),
        ('tx_big', 'tx:n=20000,k=10', 50)]

WATCHES = (1000, 10000, 100000)
IDLE = (10, 100, 1000)
DOMAINS = (1, 10, 100, 1000)
NODES = (100, 1000, 10000, 100000, 300000, 1000000)
FROZEN = (150, 300, 600, 900)  # a domain may own 1,000 nodes
SIBLINGS = (10, 100, 1000, 10000, 100000)
# Beyond that the peers need minutes (facts: 300,000 nodes take C 110 s, and
# neither gets to a million in 240 s).
PEERS_NODES = 300000
PEERS_SIBLINGS = 10000


class Group:
    """Jobs that share a daemon; reps by kind; quotas: the default ones."""

    def __init__(self, name, kinds, steps, reps=None, quotas=False):
        self.name = name
        self.kinds = kinds
        self.steps = steps
        self.reps = reps or {}
        self.quotas = quotas

    def for_kind(self, kind):
        return self.steps(kind)


def small(kind):
    return [(key, job) for key, job, _ in SMALL
            if kind != 'floor' or key in FLOOR_CAN]


def small_more(kind):
    steps = [('fanout1000', 'fanout:n=1000,c=1000')]
    if kind != 'ocaml':  # answers ENOSYS
        steps.append(('dirpart', 'dirpart:n=10000'))
    return steps


def watches(_kind):
    steps = [('write@0', 'write')]
    for n in WATCHES:
        steps += [(f'watch@{n}', f'watches:n={n},c=100'),
                  (f'write@{n}', 'write'),
                  (f'fanout1@{n}', 'fanout:n=1')]
    return steps


def watches_one(kind):
    """All on one connection; C looks at each of them."""
    most = 100000 if kind == 'ours' else 10000
    return [(f'watch@{n}', f'watches:n={n},c=1') for n in WATCHES
            if n <= most]


def idle(_kind):
    steps = [('read@1', 'read'), ('write@1', 'write')]
    for n in IDLE:
        steps += [(f'conn@{n}', f'idle:n={n}'), (f'read@{n}', 'read'),
                  (f'write@{n}', 'write')]
    return steps


def domains(_kind):
    steps = []
    for n in DOMAINS:
        steps += [(f'domain@{n}', f'domains:n={n},k={int(n > 100)}'),
                  (f'boot@{n}', 'boot:secs=0.5'),
                  (f'ringread@{n}', 'ring'),
                  (f'ringwrite@{n}', 'ring:k=1')]
    return steps


def nodes(kind):
    steps, last = [], 0
    for n in NODES:
        if kind != 'ours' and n > PEERS_NODES:
            break
        steps += [(f'fill@{n}', f'fill:n={n}'),
                  (f'read@{n}', f'big:n={n}'),
                  (f'write@{n}', f'big:n={n},k=1'),
                  (f'tx10w@{n}', f'tx:n={n},k=10'),
                  (f'tx10r@{n}', f'tx:n={n},k=-10'),
                  (f'create_rm@{n}', 'create_rm')]
        last = n
    return steps + [(f'rm@{last}', 'big_rm')]


def subtree(kind):
    """rm of a subtree, beside somebody who reads."""
    steps = []
    for n in (1000, 10000, 100000, 300000):
        if kind != 'ours' and n > 100000:
            break
        steps += [(None, f'fill:n={n}'), (f'rm@{n}', 'big_rm'),
                  (None, f'fill:n={n}'), (f'txrm@{n}', 'big_rm:k=1')]
    return steps


def freeze(_kind):
    steps = [(None, 'domains:n=1')]
    for n in FROZEN:
        steps += [(f'freeze@{n}', f'freeze:n={n}'),
                  (f'thaw@{n}', f'freeze:n={n},k=1')]
    return steps


def noisy(_kind):
    return [(None, 'domains:n=8'), ('quiet', 'noisy:n=0,secs=1'),
            ('noisy', 'noisy:n=8,secs=2')]


# What one client can ask for that is expensive: title, key, job.  A guest may
# own 1,000 nodes and register 128 watches; only domain 0 can do more.
STALLS = [
    ('a commit of 1,000 writes', 'commit@1000', 'commit:n=1000'),
    ('a commit of 10,000 writes', 'commit@10000', 'commit:n=10000'),
    ('the same, made again over another\'s change', 'again@10000',
     'commit:n=10000,k=1'),
    ('removing 10,000 nodes that a transaction sees', 'rm_seen@10000',
     'rm_seen:n=10000'),
    ('removing 100,000 nodes that a transaction sees', 'rm_seen@100000',
     'rm_seen:n=100000'),
    ('the end of a client with 10,000 watches', 'close@10000',
     'watched:n=10000'),
    ('removing 10,000 watched nodes', 'rm_watched@10000',
     'watched:n=10000,k=1'),
    ('a write that 10,000 watches hear of', 'fire@10000',
     'fire:n=10000,c=100'),
    ('the end of a list of 100,000 names', 'far_list@100000',
     'far_list:n=100000'),
    ('CONTROL check of 100,000 nodes', 'check@100000', 'check:n=100000'),
    ('the end of a domain of 900 nodes', 'release@900', 'release:n=900'),
]
# Beyond that C needs minutes, or to do what it does not know.
STALLS_OURS = ('check@100000',)
STALLS_BIG = 10000


def stalls(kind):
    steps = [(None, 'domains:n=1')]
    for _, key, job in STALLS:
        big = int(key.partition('@')[2]) > STALLS_BIG
        if kind == 'ours' or not (big or key in STALLS_OURS):
            steps.append((key, job))
    return steps


def live(_kind):
    """An update in a store of a host with 50 guests and 100 clients."""
    return [(None, 'domains:n=50'), (None, 'idle:n=100'),
            (None, 'fill:n=100000'), ('live@100000', 'live')]


def siblings(kind):
    return [(f'create_rm@{n}', f'create_in:n={n}') for n in SIBLINGS
            if kind == 'ours' or n <= PEERS_SIBLINGS]


FEW = {'c': 1, 'ocaml': 2}
GROUPS = [
    Group('small', ALL, small),
    Group('more', XEN, small_more),
    Group('watches', XEN, watches, {'c': 2, 'ocaml': 2}),
    Group('watches1', XEN, watches_one, {'c': 2, 'ocaml': 2}),
    Group('idle', XEN, idle),
    Group('domains', XEN, domains, {'c': 1, 'ocaml': 2}),
    Group('freeze', ('ours',), freeze),
    Group('noisy', XEN, noisy, {'c': 2, 'ocaml': 2}, quotas=True),
    Group('siblings', XEN, siblings, {'c': 3, 'ocaml': 3}),
    Group('stalls', XEN, stalls, FEW),
    Group('live', XEN, live, FEW),
    Group('subtree', XEN, subtree, FEW),
    Group('nodes', XEN, nodes, {'c': 1, 'ocaml': 1, 'ours': 3}),
]

# The first thousands go into pages that are there already: what is resident
# says nothing of them.
MEMORY_FROM = 10000

# title, group, key before the @, figure, unit, axis, bound of far/near
GROWTH = [
    ('write beside unrelated watches', 'watches', 'write', 'cpu_us',
     'µs CPU', 'watches', 1.2),
    ('registering a watch, 100 connections', 'watches', 'watch', 'cpu_us',
     'µs CPU', 'watches', 1.2),
    ('registering a watch, one connection', 'watches1', 'watch', 'cpu_us',
     'µs CPU', 'watches on it', 1.2),
    ('read beside idle connections', 'idle', 'read', 'cpu_us', 'µs CPU',
     'connections', 1.2),
    ('write beside idle connections', 'idle', 'write', 'cpu_us', 'µs CPU',
     'connections', 1.2),
    ('domain start and end beside other domains', 'domains', 'boot',
     'cpu_us', 'µs CPU', 'domains', 1.2),
    ('write by a domain beside other domains', 'domains', 'ringwrite',
     'cpu_us', 'µs CPU', 'domains', 1.2),
    ('read by a domain beside other domains', 'domains', 'ringread',
     'cpu_us', 'µs CPU', 'domains', 1.2),
    ('filling, per node', 'nodes', 'fill', 'cpu_us', 'µs CPU', 'nodes', 1.5),
    ('read anywhere in the store', 'nodes', 'read', 'cpu_us', 'µs CPU',
     'nodes', 1.5),
    ('write anywhere in the store', 'nodes', 'write', 'cpu_us', 'µs CPU',
     'nodes', 1.5),
    ('transaction of ten writes', 'nodes', 'tx10w', 'cpu_us', 'µs CPU',
     'nodes', 1.5),
    ('transaction of ten reads', 'nodes', 'tx10r', 'cpu_us', 'µs CPU',
     'nodes', 1.5),
    ('create and remove in a directory', 'siblings', 'create_rm', 'cpu_us',
     'µs CPU', 'children', 1.2),
    ('freezing a domain', 'freeze', 'freeze', 'p50_us', 'µs', 'nodes', None),
    ('thawing a domain', 'freeze', 'thaw', 'p50_us', 'µs', 'nodes', None),
    ('memory per node', 'nodes', 'fill', 'extra', 'bytes', 'nodes', 1.5),
    ('memory per watch', 'watches', 'watch', 'extra', 'bytes', 'watches',
     1.2),
]


def groups(names):
    if not names:
        return GROUPS
    unknown = set(names) - {g.name for g in GROUPS}
    if unknown:
        raise ValueError(f'no group named {", ".join(sorted(unknown))}')
    return [g for g in GROUPS if g.name in names]


# As far as one goes when it has to be quick; what comes later needs minutes
# with the peers.
QUICK_MOST = {'domains': 100, 'nodes': 10000, 'subtree': 10000,
              'live': 0}


def steps_of(group, kind, quick):
    """What that daemon does in the group."""
    most = QUICK_MOST.get(group.name)
    steps = []
    for key, job in group.for_kind(kind):
        n = int((key or '').partition('@')[2] or 0)
        if quick and most is not None and n > most:
            break
        steps.append(shorter((key, job), quick))
    while steps and not steps[-1][0]:  # a preparation for nothing
        steps.pop()
    return steps


def shorter(step, quick):
    """The same job in less time, for developing."""
    key, job = step
    if not quick or 'fill' in job or 'secs=' in job:
        return key, job
    return key, job + (',' if ':' in job else ':') + 'secs=0.05'
