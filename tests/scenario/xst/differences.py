# SPDX-License-Identifier: GPL-2.0-only
"""The one file of differences that are expected of the other daemons."""

import fnmatch
from dataclasses import dataclass

DAEMONS = ('c', 'ocaml', 'ours')


class DifferenceError(Exception):
    """The file cannot be read."""


@dataclass
class Difference:
    """NAME | DAEMON | WHAT IT DOES INSTEAD | REASON"""
    pattern: str
    daemon: str
    got: str
    reason: str
    number: int
    used: bool = False

    def skip(self):
        return self.got == 'skip'

    def accepts(self, got):
        if self.got.endswith('*'):
            return got.startswith(self.got[:-1])
        return got == self.got


def load(path):
    out = []
    with open(path, encoding='utf-8') as handle:
        for number, line in enumerate(handle, 1):
            line = line.strip()
            if not line or line[0] == '#':
                continue
            parts = [p.strip() for p in line.split('|')]
            if len(parts) != 4 or not all(parts):
                raise DifferenceError(f'{path}:{number}: NAME | DAEMON | '
                                      'WHAT IT DOES INSTEAD | REASON')
            if parts[1] not in DAEMONS:
                raise DifferenceError(f'{path}:{number}: daemon is one of '
                                      + ', '.join(DAEMONS))
            out.append(Difference(*parts, number))
    return out


def find(differences, daemon, name):
    """The line about a case; an exact name beats a pattern."""
    hits = [d for d in differences if d.daemon == daemon
            and fnmatch.fnmatchcase(name, d.pattern)]
    hits.sort(key=lambda d: d.pattern != name)
    return hits[0] if hits else None
