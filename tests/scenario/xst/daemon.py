# SPDX-License-Identifier: GPL-2.0-only
"""One daemon process per case, in a private directory."""

import os
import re
import subprocess
import time

from .client import Mismatch, SocketClient
from . import wire

START = 20.0
BAD_LOG = re.compile(rb'Assertion|assertion failed|AddressSanitizer|'
                     rb'runtime error|LeakSanitizer|Segmentation|\babort')

# oxenstored finds its socket under /run: give it a /run of its own.
OCAML_START = '''mount -t tmpfs none /run && mkdir -p /run/xenstored &&
[ -d /var/run/xenstored ] && mount --bind "$XST_RUN" /run/xenstored &&
exec env LD_PRELOAD="$XST_SHIM" "$@"'''

# Its access log is rotated after so many lines, /dev/null like a file: never.
OCAML_CONF = '''pid-file = {run}/pid
xenstored-log-file = {run}/ocaml.log
access-log-file = /dev/null
access-log-nb-lines = 1000000000
xenstored-kva = /proc/xen/xsd_kva
xenstored-port = /proc/xen/xsd_port
test-eagain = false
persistent = false
quota-activate = true
quota-maxentity = {E}
quota-maxsize = {S}
quota-maxwatch = {W}
quota-transaction = {t}
quota-maxrequests = 1024
quota-path-max = 1024
quota-maxoutstanding = 1024
quota-maxwatchevents = 1024
'''
OCAML_QUOTAS = {'E': '1000', 'S': '2048', 'W': '100', 't': '10'}


class Daemon:
    """Starts, watches and stops a daemon."""

    def __init__(self, kind, binary, shim, peers, base, trace, wrap=(),
                 always=()):
        self.kind = kind
        self.binary = binary
        self.shim = shim
        self.peers = peers
        self.base = base
        self.run = f'{base}/run'
        self.socket = f'{self.run}/socket'
        self.log = f'{base}/log'
        self.trace = trace
        self.wrap = list(wrap)
        self.always = list(always)
        self.proc = None
        self.may_end = False
        os.makedirs(self.run)

    def environment(self, world):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(('XENSTORED_', 'XENSHIM_', 'LD_'))}
        env['XENSHIM_DIR'] = world.path
        env['XENSTORED_RUNDIR'] = self.run
        env['ASAN_OPTIONS'] = 'verify_asan_link_order=0:' + env.get(
            'ASAN_OPTIONS', '')
        if self.kind != 'ours':
            env['LD_LIBRARY_PATH'] = self.peers.libs
        return env

    def ocaml_command(self, options, env):
        """C options that have a counterpart become configuration."""
        quotas = dict(OCAML_QUOTAS)
        rest = []
        options = list(options)
        while options:
            opt = options.pop(0)
            if opt[:1] == '-' and opt[1:] in quotas and options:
                quotas[opt[1:]] = options.pop(0)
            else:
                rest.append(opt)
        conf = f'{self.base}/ocaml.conf'
        with open(conf, 'w', encoding='ascii') as handle:
            handle.write(OCAML_CONF.format(run=self.run, **quotas))
        env['XST_RUN'] = self.run
        env['XST_SHIM'] = self.shim
        return ['unshare', '-m', 'sh', '-c', OCAML_START, 'sh'] + self.wrap + [
            self.binary, '--no-fork', '--config-file', conf] + rest

    def start(self, world, options):
        env = self.environment(world)
        if self.kind == 'ocaml':
            argv = self.ocaml_command(options, env)
        else:
            env['LD_PRELOAD'] = self.shim
            argv = self.wrap + [self.binary, '-N'] + self.always + list(
                options)
        self.trace('start ' + ' '.join(argv[-12:]))
        with open(self.log, 'ab') as log:
            self.proc = subprocess.Popen(argv, env=env, stdout=log,
                                         stderr=log, cwd=self.base,
                                         stdin=subprocess.DEVNULL)

    def wait_ready(self, pause=0.003):
        """True once it answers; False if it ended instead."""
        end = time.monotonic() + START
        while time.monotonic() < end:
            if self.proc.poll() is not None:
                return False
            if self.try_read():
                return True
            time.sleep(pause)
        raise Mismatch('the daemon to answer READ / after its start',
                       'nothing')

    def try_read(self):
        if not os.path.exists(self.socket):
            return False
        try:
            probe = SocketClient('probe', lambda text: None, self.socket)
        except OSError:
            return False
        try:
            probe.request(wire.NUMBER['READ'], b'/\0')
            return probe.reply(START) is not None
        finally:
            probe.close()

    def ended(self, timeout):
        """Its exit code once it ended, or None."""
        try:
            return self.proc.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def describe_end(self):
        code = self.proc.returncode
        return f'daemon ended by signal {-code}' if code < 0 \
            else f'daemon exit {code}'

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            if self.ended(5) is None:
                self.proc.kill()
                self.proc.wait()

    def log_text(self):
        try:
            with open(self.log, 'rb') as handle:
                return handle.read()
        except OSError:
            return b''

    def bad_log(self):
        """The first line of its output that tells of a broken invariant."""
        for line in self.log_text().splitlines():
            if BAD_LOG.search(line):
                return line.decode('latin-1')
        return None
