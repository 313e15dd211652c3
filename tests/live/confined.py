# SPDX-License-Identifier: GPL-2.0-only
"""A daemon has given up what it does not need, whoever was there before it.

The daemon is told to update itself to a program that tries what is forbidden
(tests/confine/probe.c).  It runs that on trial, with the rights it has itself,
and its answer ends with what the program printed.
"""

import re

from dialogue import lu, still_there
from host import Failed, Host, expect

REFUSED = re.compile(r'cannot take over \(exit status 1\): refused all \d+')
COULD = re.compile(r'cannot take over \(exit status 2\): could: ')


def status(host, field):
    with open(f'/proc/{host.pid}/status', encoding='ascii') as handle:
        for line in handle:
            if line.startswith(field + ':'):
                return line.split()[1]
    raise Failed(f'no {field}')


def tried(host):
    """What a program that this daemon starts can do."""
    expect(lu(host, 'S8', '-f', host.ctx.probe), 'OK', '-f')
    return lu(host, 'S8', '-s', '-t', '5')


def confined(host):
    got = tried(host)
    if not REFUSED.search(got):
        raise Failed(got)
    for field in ('CapPrm', 'CapEff', 'CapBnd', 'CapInh', 'CapAmb'):
        expect(int(status(host, field), 16), 0, field)
    expect(status(host, 'NoNewPrivs'), '1', 'NoNewPrivs')
    expect(status(host, 'Seccomp'), '2', 'Seccomp')
    still_there(host)


def from_the_start(ctx):
    with Host(ctx) as host:
        confined(host)


def after_updates(ctx):
    """However many: one filter, and none of it is lost."""
    with Host(ctx) as host:
        for _ in range(3):
            host.update('ours')
            expect(status(host, 'Seccomp_filters'), '1', 'filters')
        host.update('c')
        expect(status(host, 'Seccomp_filters'), '1', 'filters')
        host.update('ours')
        expect(status(host, 'Seccomp_filters'), '1', 'filters')
        confined(host)


def after_another(ctx, kind):
    with Host(ctx, kind) as host:
        host.update('ours')
        confined(host)


def after_c(ctx):
    """It had all rights."""
    after_another(ctx, 'c')


def after_ocaml(ctx):
    after_another(ctx, 'ocaml')


def not_wanted(ctx):
    """And the option goes over."""
    with Host(ctx, 'ours', ['--no-confine']) as host:
        for _ in range(2):
            got = tried(host)
            if not COULD.search(got) or 'ptrace' not in got:
                raise Failed(got)
            expect(status(host, 'Seccomp_filters'), '0', 'filters')
            host.update('ours')


def no_way_back(ctx):
    """What is given up stays so."""
    with Host(ctx) as host:
        host.update('ours', '-c', '--no-confine')
        confined(host)


def cases():
    return [(f'confined/{case.__name__}', case) for case in
            (from_the_start, after_updates, after_c, after_ocaml, not_wanted,
             no_way_back)]
