# SPDX-License-Identifier: GPL-2.0-only
"""Instructions and system calls per operation.

Each job is done three times in the same daemon: once so that everything is
there, then twice with different numbers of operations.  Their difference is
the operations' alone, without what getting ready takes.  Instructions are
those of the daemon and its libraries in user mode (callgrind).
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import time

from .engine import BenchError, Session

EXPECTED = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'icount.json')
# What a change may cost before somebody has to say that it is worth it.  The
# same program repeats to half a percent, so this leaves room for another patch
# level of the compiler or of the C library.
TOLERANCE = 0.10
# The C library chooses its string functions by the CPU: let it always take
# those that every x86-64 has.
PLAIN_LIBC = {'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=' + ','.join(
    '-' + name for name in ('AVX', 'AVX2', 'AVX_Fast_Unaligned_Load', 'AVX512F',
                            'AVX512VL', 'AVX512BW', 'BMI2', 'ERMS', 'FSRM',
                            'MOVBE', 'SSE4_2', 'SSSE3'))}
FACTOR = 3  # the longer run has that many times the operations
LIMIT = 120


def sized(job, ops):
    return job + (',' if ':' in job else ':') + f'max={ops}'


class Instructions:
    """Counted by callgrind, told by its gdb server when to write."""

    def __init__(self, session, directory):
        self.pid = session.pid
        self.out = f'{directory}/out'
        self.parts = 0

    @staticmethod
    def wrap(directory):
        return ['env'] + [f'{k}={v}' for k, v in PLAIN_LIBC.items()] + [
                'valgrind', '-q', '--tool=callgrind',
                f'--callgrind-out-file={directory}/out']

    @staticmethod
    def options(kind):
        """valgrind's own calls are not those that ours may make."""
        return ['--no-confine'] if kind == 'ours' else []

    def tell(self, *words):
        subprocess.run(['vgdb', f'--pid={self.pid}', *words], check=True,
                       timeout=LIMIT, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def begin(self, again):
        if not again:  # the last dump has done it
            self.tell('zero')

    def end(self):
        self.parts += 1
        self.tell('dump')
        with open(f'{self.out}.{self.parts}', encoding='ascii') as handle:
            for line in handle:
                if line.startswith(('summary:', 'totals:')):
                    return int(line.split()[1])
        raise BenchError('callgrind wrote no summary')


class SystemCalls:
    """Counted by strace, which is attached for as long as a job runs."""

    def __init__(self, session, directory):
        self.pid = session.pid
        self.out = f'{directory}/strace'
        self.proc = None

    @staticmethod
    def wrap(_directory):
        return []

    @staticmethod
    def options(_kind):
        return []

    def begin(self, _again):
        self.proc = subprocess.Popen(
            ['strace', '-f', '-c', '-o', self.out, '-p', str(self.pid)],
            stderr=subprocess.PIPE, text=True)
        self.proc.stderr.readline()  # "attached"

    def end(self):
        self.proc.send_signal(signal.SIGINT)
        self.proc.communicate(timeout=LIMIT)
        with open(self.out, encoding='utf-8') as handle:
            for line in handle:
                found = re.match(r'\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+'
                                 r'(?:\d+\s+)?total', line)
                if found:
                    return int(found.group(1))
        return 0


def count(programs, kind, jobs, meter_kind):
    """{key: per operation} of [(key, job, operations)]."""
    result = {}
    with tempfile.TemporaryDirectory(prefix='bench-') as directory:
        with Session(programs, kind, meter_kind.wrap(directory),
                     meter_kind.options(kind)) as session:
            meter = meter_kind(session, directory)
            for key, job, ops in jobs:
                totals = []
                if not key:
                    session.run(job)
                    continue
                session.run(sized(job, ops // 10))
                for n in (ops, FACTOR * ops):
                    meter.begin(n != ops)
                    figures = session.run(sized(job, n))
                    time.sleep(0.02)  # it goes back to waiting
                    totals.append((figures['ops'], meter.end()))
                (n1, t1), (n2, t2) = totals
                result[key] = (t2 - t1) / (n2 - n1)
    return result


def commit(found):
    with open(EXPECTED, 'w', encoding='ascii') as handle:
        json.dump({k: round(v) for k, v in found.items()}, handle, indent=1)
        handle.write('\n')


def compare(found, say):
    """1 if anything takes more instructions than it did, else 0."""
    with open(EXPECTED, encoding='ascii') as handle:
        expected = json.load(handle)
    worse = better = 0
    for key in sorted(set(found) | set(expected)):
        have, want = found.get(key), expected.get(key)
        if have is None or want is None:
            say(f'{key}: counted or expected only; see --update')
            worse += 1
            continue
        change = have / want - 1
        note = ''
        if change > TOLERANCE:
            worse, note = worse + 1, '  WORSE'
        elif change < -TOLERANCE:
            better, note = better + 1, '  better'
        say(f'{key:14} {have:10.0f} instructions, expected {want:8} '
            f'{100 * change:+6.1f} %{note}')
    if better and not worse:
        say('commit what is better: tests/bench/bench icount --update')
    say(f'{len(found)} kinds of request, {worse} worse by more than '
        f'{100 * TOLERANCE:.0f} %')
    return 1 if worse else 0


def have_tools():
    for tool in ('valgrind', 'vgdb', 'strace'):
        if not any(os.access(f'{d}/{tool}', os.X_OK)
                   for d in os.environ['PATH'].split(':')):
            raise BenchError(f'{tool} is not installed')
