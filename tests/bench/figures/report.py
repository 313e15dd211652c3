# SPDX-License-Identifier: GPL-2.0-only
"""Results as Markdown with plots beside it."""

import json
import os
import re
from statistics import median

from . import plots, suite, targets

KINDS = ('c', 'ocaml', 'floor', 'ours')
PEERS = ('c', 'ocaml')
NAMES = {'c': 'C', 'ocaml': 'OCaml', 'floor': 'floor', 'ours': 'ours'}
HEAD = '''<!-- SPDX-License-Identifier: GPL-2.0-only -->
# Performance

Written by `make bench`; do not edit.  {machine}

Our daemon, Debian 4.17's C xenstored and its oxenstored, all three without Xen
through the same preload library (`tests/shim`), and the floor: a server that
answers at once and keeps nothing, one wait, one read and one write for each
batch.  Daemon and client share one CPU, since between CPUs the wake-up of a
virtual CPU hides everything else.  The daemons take turns, {reps} times where
their speed allows; a figure is the median with the least and the most behind
it.  Every reply is checked.  A ratio is ours to the better of Debian's two in
this run.  All that was measured is in [results.json](performance/results.json).
'''


SHORT = '''
**A short run (`make bench-quick`), not the final figures: jobs of 50 ms, most
groups once, the machine busy with other work, and
what takes the peers minutes left out.**
'''
STALLS = '''A bystander reads all the time while one client asks for the most expensive
things.  What counts is the most CPU time the daemon used between two of its
replies: that wait is the daemon's doing, the rest is the machine's.

'''
NOISY = '''Over rings: two domains flood, two have 90 watches each on what they write, one
disturbs the toolstack's transactions, one keeps nine transactions open, one
lists a directory of 900 names, one asks and never reads.  Meanwhile a ninth
starts and ends, and its toolstack reads all of theirs in one transaction.
Quotas are the default ones.

'''
NOTES = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'notes.md')


class Results:
    """Medians and spreads of one run."""

    def __init__(self, data):
        self.data = data

    def values(self, group, key, kind, figure):
        runs = self.data['groups'].get(group, {}).get(key, {}).get(kind, [])
        return [r[figure] for r in runs if figure in r]

    def middle(self, group, key, kind, figure):
        values = self.values(group, key, kind, figure)
        return median(values) if values else None

    def best(self, group, key, figure):
        found = [self.middle(group, key, k, figure) for k in PEERS]
        found = [v for v in found if v is not None]
        return min(found) if found else None

    def ratio(self, group, key, figure):
        ours = self.middle(group, key, 'ours', figure)
        best = self.best(group, key, figure)
        return ours / best if ours is not None and best else None


def figure(value):
    """Three digits that matter."""
    if value is None:
        return '-'
    if abs(value) >= 100:
        return f'{value:,.0f}'
    return f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'


def verdict(value, bound):
    if bound is None:
        return ''
    if value is None:
        return 'not measured'
    if value <= bound:
        return 'met'
    return f'**missed by {100 * (value / bound - 1):.0f} %**'


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |',
             '|' + '---|' + '---:|' * (len(head) - 2) + '---|']
    lines += ['| ' + ' | '.join(row) + ' |' for row in rows]
    return '\n'.join(lines) + '\n'


def spread(results, group, key, kind, name):
    values = results.values(group, key, kind, name)
    if not values:
        return '-'
    if len(values) == 1 or kind != 'ours':
        return figure(median(values))
    return (f'{figure(median(values))} '
            f'[{figure(min(values))}–{figure(max(values))}]')


def note_floor(results, group, key, name, bound):
    """Says so when even the floor is above the bound."""
    like = key.split('@')[0]
    best = results.best(group, key, name)
    floor = results.middle('small', like, 'floor', name)
    if not best or not floor or floor / best <= bound:
        return ''
    return f'; the floor is at {figure(floor / best)}'


def ratios(results, name, column):
    rows = []
    for row in targets.RATIOS:
        title, group, key = row[:3]
        bound = row[column]
        ratio = results.ratio(group, key, name)
        rows.append([title] + [spread(results, group, key, k, name)
                               for k in KINDS]
                    + [figure(ratio), figure(bound), verdict(ratio, bound)
                       + note_floor(results, group, key, name, bound)])
    return table(['workload'] + [NAMES[k] for k in KINDS]
                 + ['ratio', 'at most', ''], rows)


def counts(results):
    rows = []
    for title, key, most, calls in targets.COUNTS:
        have = results.data['counts'].get(key, {})
        for name, bound in (('instructions', most), ('system_calls', calls)):
            values = [have.get(k, {}).get(name) for k in PEERS + ('ours',)]
            if all(v is None for v in values):
                continue
            rows.append([title, name.replace('_', ' ')]
                        + [figure(v) for v in values]
                        + [figure(bound), verdict(values[-1], bound * 1.001)
                           if bound else ''])
    return table(['request', 'of', 'C', 'OCaml', 'ours', 'at most', ''], rows)


def memory(results):
    rows = []
    for title, group, key, bound in targets.MEMORY:
        ratio = results.ratio(group, key, 'extra')
        rows.append([title] + [figure(results.middle(group, key, k, 'extra'))
                               for k in PEERS + ('ours',)]
                    + [figure(ratio), figure(bound), verdict(ratio, bound)])
    return table(['bytes of resident memory', 'C', 'OCaml', 'ours', 'ratio',
                  'at most', ''], rows)


def fill_secs(results, most):
    """Median time to fill a store up to MOST nodes, or None."""
    runs = [results.values('nodes', f'fill@{n}', 'ours', 'secs')
            for n in suite.NODES if n <= most]
    sums = [sum(r) for r in zip(*runs)]
    return median(sums) if sums and len(runs) == len(suite.NODES) else None


def others(results):
    rows = []
    secs = fill_secs(results, suite.NODES[-1])
    rows.append(['filling 1,000,000 nodes, s', '-', '-', figure(secs),
                 figure(targets.FILL_SECS), verdict(secs, targets.FILL_SECS)])
    for key, title in (('freeze', 'freezing'), ('thaw', 'thawing')):
        ms = results.middle('freeze', f'{key}@150', 'ours', 'p50_us')
        ms = ms / 1000 if ms else None
        rows.append([f'{title} a domain of 150 nodes, 20 watches, ms', '-',
                     '-', figure(ms), figure(targets.MOVE_MS),
                     verdict(ms, targets.MOVE_MS)])
    best = results.best('live', 'live@100000', 'extra')
    values = [results.middle('live', 'live@100000', k, 'extra')
              for k in PEERS + ('ours',)]
    # The issue names Debian's C daemon; the better peer is the harder mark.
    most = targets.LIVE * best if best else None
    rows.append(['live update, 100,000 nodes: longest wait, ms']
                + [figure(v) for v in values]
                + [figure(most), verdict(values[-1], most) if most else ''])
    best = results.best('start', 'start', 'start_ms')
    ours = results.middle('start', 'start', 'ours', 'start_ms')
    rows.append(['start to first reply, ms']
                + [figure(results.middle('start', 'start', k, 'start_ms'))
                   for k in PEERS + ('ours',)]
                + [figure(best), verdict(ours, best) if best else ''])
    return table(['', 'C', 'OCaml', 'ours', 'at most', ''], rows)


def stalls(results):
    """What the daemon's own CPU time makes a bystander wait."""
    rows = []
    found = [('subtree', f'{key}@{n}', title.format(f'{n:,}'))
             for n in (10000, 100000, 300000)
             for key, title in (('rm', 'removing {} nodes'),
                                ('txrm', '{} nodes in a transaction'))]
    found += [('stalls', key, title) for title, key, _ in suite.STALLS]
    for group, key, title in found:
        caused = [results.middle(group, key, k, 'caused')
                  for k in PEERS + ('ours',)]
        if all(v is None for v in caused):
            continue
        waited = results.middle(group, key, 'ours', 'extra')
        rows.append([title] + [figure(v) for v in caused + [waited]]
                    + [figure(targets.STALL_MS),
                       verdict(caused[-1], targets.STALL_MS)])
    return table(['ms, while one client asks for', 'C', 'OCaml', 'ours',
                  'ours, with the machine\'s delays', 'at most', ''], rows)


def noisy(results):
    """The ninth domain's start among eight that do their worst."""
    rows = []
    for name, title in (('p50_us', 'start to end, µs: the median'),
                        ('p99_us', 'the 99th of 100'),
                        ('cpu_us', 'CPU of the daemon')):
        for kind in PEERS + ('ours',):
            quiet, loud = (results.middle('noisy', key, kind, name)
                           for key in ('quiet', 'noisy'))
            ratio = loud / quiet if loud and quiet else None
            bound = targets.NOISY if name == 'p50_us' and kind == 'ours' \
                else None
            rows.append([f'{title}, {NAMES[kind]}', figure(quiet),
                         figure(loud), figure(ratio), figure(bound),
                         verdict(ratio, bound)])
    return table(['', 'idle host', 'noisy', 'ratio', 'at most', ''], rows)


# ---- growth

def series(results, group, prefix, name):
    """{daemon: [(x, median, lowest, highest)]}"""
    lines = {}
    for key, kinds in results.data['groups'].get(group, {}).items():
        what, _, n = key.partition('@')
        if what != prefix or not n:
            continue
        for kind in ('c', 'ocaml', 'ours'):
            values = [r[name] for r in kinds.get(kind, []) if r[name] > 0]
            x = max(int(n), 1)
            if values:
                lines.setdefault(kind, []).append(
                    (x, median(values), min(values), max(values)))
    for line in lines.values():
        line.sort()
    return lines


def slug(title):
    return re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')


def far_near(line):
    """Cost at the far end over that at the near end; what was too little to
    measure with (a point of a few milliseconds) is left to the medians."""
    return line[-1][1] / line[0][1] if line and len(line) > 1 else None


def growth(results, out, directory):
    rows, pictures = [], []
    os.makedirs(f'{out}/{directory}', exist_ok=True)
    for title, group, prefix, name, unit, what, bound in suite.GROWTH:
        lines = series(results, group, prefix, name)
        if unit == 'bytes':
            lines = {kind: [p for p in line if p[0] >= suite.MEMORY_FROM]
                     for kind, line in lines.items()
                     if line[-1][0] >= suite.MEMORY_FROM}
        if not lines.get('ours'):
            continue
        path = f'{directory}/{slug(title)}.svg'
        plots.law(f'{out}/{path}', title, unit, what, lines)
        pictures.append(f'![{title}]({path})')
        ends = [far_near(lines.get(k)) for k in PEERS + ('ours',)]
        line = lines['ours']
        rows.append([title, f'{line[0][0]:,} to {line[-1][0]:,} {what}']
                    + [figure(e) for e in ends]
                    + [figure(bound), verdict(ends[-1], bound)])
    return table(['law', 'from, to', 'C', 'OCaml', 'ours', 'at most', ''],
                 rows) + '\nThe peers\' factors are to the farthest point ' \
        'they reached.\n\n' + '\n'.join(pictures) + '\n'


def failures(results):
    lines = []
    for name, group in results.data['groups'].items():
        for kind, texts in group.get('failed', {}).items():
            # Why is our own affair only.
            lines += [f'* {NAMES[kind]}, {name}: {text}'
                      for text in sorted(set(texts))] \
                if kind == 'ours' else [f'* {NAMES[kind]}, {name}']
    if results.data.get('cut_short'):
        lines.append('* Some repetitions, for want of time.')
    if not lines:
        return ''
    return '\n## What ended early\n\n' + '\n'.join(lines) + '\n'


def about(machine):
    return (f'Measured on {machine["date"]}: {machine["cpu"]}, '
            f'{machine["cpus"]} CPUs, {machine["memory_gb"]} GB, Linux '
            f'{machine["kernel"]}; load when it began: {machine["load"]:.1f}.')


def write(data, out):
    """Writes performance.md and its plots into OUT; returns the text."""
    results = Results(data)
    text = HEAD.format(machine=about(data['machine']), reps=data['reps'])
    if data['quick']:
        text += SHORT
    text += '\n## CPU time of the daemon, µs per operation\n\n'
    text += ratios(results, 'cpu_us', 4)
    text += '\n## Latency, µs: the median\n\n'
    text += ('With several requests at a time, until the last reply is '
             'there.\n\n')
    text += ratios(results, 'p50_us', 3)
    text += '\n## Instructions and system calls per operation\n\n'
    text += ('User-mode instructions by callgrind; neither depends on what '
             'else the machine does.\n\n')
    text += counts(results)
    text += '\n## Memory\n\n' + memory(results)
    text += '\n## Pauses, start\n\n' + others(results)
    text += '\n## Stalls\n\n' + STALLS + stalls(results)
    text += '\n## Noisy neighbours\n\n' + NOISY + noisy(results)
    text += '\n## Growth: cost at the far end over that at the near end\n\n'
    text += growth(results, out, 'performance')
    text += failures(results)
    with open(NOTES, encoding='utf-8') as handle:
        text += '\n' + handle.read().split('\n', 1)[1]
    with open(f'{out}/performance.md', 'w', encoding='utf-8') as handle:
        handle.write(text)
    with open(f'{out}/performance/results.json', 'w',
              encoding='ascii') as handle:
        json.dump(data, handle, separators=(',', ':'))
        handle.write('\n')
    return text
