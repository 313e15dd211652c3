# SPDX-License-Identifier: GPL-2.0-only
"""Runs one case: a fresh daemon, the lines of the case, and the checks that
every case ends with."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

from . import wire
from .client import LIMITS, Mismatch, SocketClient
from .daemon import Daemon
from .parse import Line, ScriptError
from .ring import RingClient
from .verbs import ClientVerbs, match_reply, spell, split_arrow
from .world import World

CLI_TIME = 60
HIDDEN = 'helper'   # the connection that introduces domains and pings


@dataclass
class Outcome:
    """How a case went: text is empty if it did what the script says."""
    text: str = ''
    got: str = ''
    place: str = ''


class Execution:
    """One case against one daemon."""

    def __init__(self, setup, script, case, trace):
        self.setup = setup
        self.script = script
        self.case = case
        self.trace = trace
        self.clients = {}
        self.ports = {}
        self.options = []
        self.vars = {}
        self.verbs = ClientVerbs(self.vars)
        self.base = tempfile.mkdtemp(prefix='xst-')
        os.chmod(self.base, 0o755)
        self.world = World(f'{self.base}/xen')
        self.daemon = Daemon(setup.kind, setup.binary, setup.shim,
                             setup.peers, self.base, trace, setup.wrap,
                             setup.always)
        self.vars['run'] = self.daemon.run.encode()
        self.vars['daemon'] = setup.binary.encode()
        self.line = None

    # -- the frame

    def run(self):
        try:
            self.run_lines(self.script.prologue)
            self.run_lines(self.case.body)
            self.line = None
            self.after_case()
            return Outcome()
        except Mismatch as err:
            return self.failure(err.expected, err.got)
        except (ScriptError, ValueError, KeyError, IndexError,
                AttributeError) as err:
            return self.failure('a script that can be run',
                                f'{type(err).__name__}: {err}')
        except OSError as err:
            return self.failure('no system error', str(err))
        finally:
            self.clean()

    def failure(self, expected, got):
        place = f'{self.script.path}:{self.case.number}'
        source = 'after the case'
        if self.line:
            place = f'{self.script.path}:{self.line.number}'
            source = self.line.source
        proc = self.daemon.proc
        if proc and not self.daemon.may_end:
            if self.daemon.ended(0.1 if got != 'closed' else 2) is not None:
                got = self.daemon.describe_end()
        text = (f'{place}: {self.case.name}\n    {source}\n'
                f'    expected {expected}\n    got      {got}')
        bad = self.daemon.bad_log()
        if bad:
            text += f'\n    log      {bad}'
        return Outcome(text, got, place)

    def clean(self):
        for client in self.clients.values():
            client.close()
        self.daemon.stop()
        self.world.close()
        for text in self.daemon.log_text().splitlines():
            self.trace('log: ' + text.decode('latin-1'))
        if self.setup.keep:
            self.trace(f'kept {self.base}')
        else:
            shutil.rmtree(self.base, ignore_errors=True)

    def after_case(self):
        """Nothing is left over and the daemon is well."""
        for client in self.clients.values():
            for msg in client.inbox:
                raise Mismatch(f'nothing more for {client.name}',
                               wire.describe(msg))
        if self.daemon.may_end or not self.daemon.proc:
            return
        if not self.daemon.try_read():
            raise Mismatch('a daemon that serves after the case', 'nothing')
        if self.setup.kind == 'ours':
            self.check_ours()
        bad = self.daemon.bad_log()
        if bad:
            raise Mismatch('a clean log', bad)

    def check_ours(self):
        """Our daemon: the store is sound; with all domains dead and all
        clients gone, nothing of them is left."""
        helper = self.helper()
        self.control(helper, [b'check'])
        for domid in self.world.domids():
            self.world.set_state(domid, 'gone')
        for name in [n for n in self.clients if n[0] == 'S']:
            self.clients.pop(name).close()
        self.do_virq([])
        self.control(helper, [b'check'])
        self.check_accounting(helper)
        left = [e[1] for e in self.world.port_table().values() if e[1]]
        if left:
            raise Mismatch('no port of a dead domain', f'ports of {left}')
        if self.world.masked():
            raise Mismatch('no masked port', str(self.world.masked()))
        if self.world.mapped() != [0]:
            raise Mismatch('only domain 0 mapped',
                           f'mapped {self.world.mapped()}')

    def check_accounting(self, helper):
        """What the daemon's own views say must be nothing but domain 0."""
        end = time.monotonic() + LIMITS.wait
        for view, good in ((b'domains', rb'domid=0 [^\n]*\n\0'),
                           (b'watches', rb'\0'), (b'transactions', rb'\0')):
            while True:
                got = self.ask(helper, [view])
                if re.fullmatch(good, got):
                    break
                if time.monotonic() > end:
                    raise Mismatch(f'CONTROL {view.decode()} without the dead',
                                   wire.quote(got))
                time.sleep(0.01)

    def ask(self, client, args):
        client.request(wire.NUMBER['CONTROL'],
                       b''.join(a + b'\0' for a in args))
        msg = client.reply()
        if not msg:
            raise Mismatch('a reply to CONTROL', client.missing())
        return msg.payload

    def control(self, client, args):
        got = self.ask(client, args)
        if got != b'OK\0':
            raise Mismatch('CONTROL ' + args[0].decode() + ' -> OK',
                           wire.quote(got))

    # -- lines

    def run_lines(self, lines):
        for item in lines:
            if isinstance(item, Line):
                self.line = item
                self.trace(f'{item.number}: {item.source}')
                self.run_line(item.words)
                continue
            first = int(item.first.text(self.vars))
            last = int(item.last.text(self.vars))
            for value in range(first, last + 1):
                self.vars[item.var] = b'%d' % value
                self.run_lines(item.body)

    def run_line(self, words):
        verb = words[0].text(self.vars)
        if re.fullmatch(r'[SD]\d*', verb):
            self.client_line(verb, words[1:])
            return
        action = getattr(self, 'do_' + verb.replace('-', '_'), None)
        if not action:
            raise ScriptError(f'unknown word {verb}')
        if verb not in ('daemon', 'start', 'set') and not self.daemon.proc:
            self.do_start([])
        action(words[1:])

    def client_line(self, name, words):
        verb = words[0].bare()
        if not self.daemon.proc:
            self.do_start([])
        state = getattr(self, 'dom_' + verb.replace('-', '_'), None)
        if name[0] == 'D' and state:
            state(int(name[1:]), words[1:])
            return
        if verb == 'close':
            self.clients.pop(name).close()
            return
        if verb == 'half-close':
            self.clients[name].half_close()
            return
        client = self.client(name)
        if verb.isupper():
            self.verbs.request(client, verb, words[1:])
            return
        action = getattr(self.verbs, 'do_' + verb, None)
        if not action:
            raise ScriptError(f'unknown word {verb}')
        action(client, words[1:])

    def client(self, name):
        if name not in self.clients:
            if name[0] == 'D':
                raise ScriptError(f'no domain {name}')
            try:
                self.clients[name] = SocketClient(name, self.trace,
                                                  self.daemon.socket)
            except OSError as err:
                raise Mismatch('a connection', str(err)) from None
        return self.clients[name]

    def helper(self):
        return self.client(HIDDEN)

    # -- the daemon

    def do_daemon(self, words):
        self.options = [w.text(self.vars) for w in words]

    def do_start(self, words):
        """start [-> exit CODE]"""
        _, expect = split_arrow(words)
        self.daemon.start(self.world, self.options)
        if expect:
            self.daemon.may_end = True
            self.expect_end(expect)
        elif not self.daemon.wait_ready():
            raise Mismatch('a running daemon', self.daemon.describe_end())

    def expect_end(self, expect):
        want = spell(expect, self.vars)
        if self.daemon.ended(LIMITS.wait) is None:
            raise Mismatch(want, 'a running daemon')
        got = self.daemon.describe_end().removeprefix('daemon ')
        if got != want:
            raise Mismatch(want, got)

    def do_signal(self, words):
        """signal NAME [-> exit CODE | -> ended by signal N]"""
        words, expect = split_arrow(words)
        if expect:
            self.daemon.may_end = True
        name = words[0].text(self.vars)
        self.daemon.proc.send_signal(signal.Signals['SIG' + name])
        if expect:
            self.expect_end(expect)

    def do_log(self, words):
        """log "text": the daemon's output contains it."""
        want = words[0].value(self.vars)
        end = time.monotonic() + LIMITS.wait
        while want not in self.daemon.log_text():
            if time.monotonic() > end:
                raise Mismatch(wire.quote(want) + ' in the log', 'nothing')
            time.sleep(0.01)

    # -- domains

    def do_domain(self, words):
        """domain D1 [D2..]: exists, with a new handle and ring page."""
        for word in words:
            name = word.text(self.vars)
            domid = int(name[1:])
            self.world.create(domid)
            if name in self.clients:
                self.clients[name].rebirth()
            else:
                self.clients[name] = RingClient(name, self.trace,
                                                self.world, domid)
            self.ports[domid] = 10 + domid % 4000

    def do_introduce(self, words):
        for word in words:
            domid = int(word.text(self.vars)[1:])
            args = [b'%d' % domid, b'%d' % (0x1000 + domid),
                    b'%d' % self.ports[domid]]
            helper = self.helper()
            helper.request(wire.NUMBER['INTRODUCE'],
                           wire.arguments('INTRODUCE', args))
            msg = helper.reply()
            if not msg or msg.payload != b'OK\0':
                raise Mismatch('INTRODUCE OK', wire.describe(msg) if msg
                               else helper.missing())

    def do_guest(self, words):
        """guest D1 [D2..]: a new domain, introduced."""
        self.do_domain(words)
        self.do_introduce(words)

    def do_home(self, words):
        """home D1 [D2..]: /local/domain/N, owned by the domain."""
        helper = self.helper()
        for word in words:
            domid = word.value(self.vars)[1:]
            path = b'/local/domain/' + domid
            for op, args in (('MKDIR', [path]),
                             ('SET_PERMS', [path, b'n' + domid])):
                helper.request(wire.NUMBER[op], wire.arguments(op, args))
                msg = helper.reply()
                if not msg or msg.payload != b'OK\0':
                    raise Mismatch(f'{op} OK', wire.describe(msg) if msg
                                   else helper.missing())

    def do_virq(self, words):
        """VIRQ_DOM_EXC, taken and handled."""
        if not self.world.virq(LIMITS.wait):
            raise Mismatch('the daemon to take the VIRQ', 'nothing')
        self.helper().ping()

    def set_state(self, domid, state, tell):
        self.world.set_state(domid, state)
        if tell:
            self.do_virq([])

    def dom_state(self, domid, words):
        self.set_state(domid, words[0].text(self.vars), False)

    def dom_dies(self, domid, words):
        self.set_state(domid, 'gone', True)

    def dom_shuts_down(self, domid, words):
        self.set_state(domid, 'shutdown', True)

    def dom_crashes(self, domid, words):
        self.set_state(domid, 'crashed', True)

    def dom_port(self, domid, words):
        """D1 port -> 11 | none: the remote port that is bound."""
        want = split_arrow(words)[1][0].text(self.vars)
        got = str(self.world.remote_port(domid) or 'none')
        if got != want:
            raise Mismatch(f'port {want}', f'port {got}')

    def dom_mapped(self, domid, words):
        """D1 mapped -> yes | no"""
        want = split_arrow(words)[1][0].text(self.vars)
        got = 'yes' if domid in self.world.mapped() else 'no'
        if got != want:
            raise Mismatch(f'mapped {want}', f'mapped {got}')

    # -- the rest

    def do_set(self, words):
        """set NAME VALUE..."""
        self.vars[words[0].bare()] = b''.join(w.value(self.vars)
                                              for w in words[1:])

    def do_sleep(self, words):
        time.sleep(float(words[0].text(self.vars)))

    def do_run(self, words):
        """run COMMAND... -> CODE [EXPECTATION OF THE OUTPUT]"""
        words, expect = split_arrow(words)
        argv = [w.text(self.vars) for w in words]
        env = dict(os.environ, XENSTORED_PATH=self.daemon.socket,
                   XENSTORED_RUNDIR=self.daemon.run,
                   LD_LIBRARY_PATH=self.setup.peers.libs,
                   PATH=f'{self.setup.peers.path}:{os.environ["PATH"]}')
        self.trace('run ' + shlex.join(argv))
        done = subprocess.run(argv, env=env, timeout=CLI_TIME, check=False,
                              stdin=subprocess.DEVNULL, cwd=self.base,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.trace(f'exit {done.returncode} {wire.quote(done.stdout)}')
        want = expect[0].text(self.vars)
        if str(done.returncode) != want:
            raise Mismatch(f'exit {want}', f'exit {done.returncode}')
        if expect[1:]:
            msg = wire.Message(0, 0, 0, done.stdout)
            if not match_reply(msg, expect[1:], self.vars):
                raise Mismatch(spell(expect[1:], self.vars),
                               wire.quote(done.stdout))
