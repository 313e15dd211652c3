# SPDX-License-Identifier: GPL-2.0-only
"""How an update is asked for, and how it fails without anybody noticing."""

import fcntl
import os
import stat
import time

from host import Failed, Host, expect

BAD_LINE = 'The new program cannot take over'
ERROR = '"Error activating new binary.\\0"'


def text(words):
    return f'"{words}\\0"'


def lu(host, name, *args):
    """One CONTROL request and its reply."""
    return host.ask(name, ' '.join(('CONTROL live-update',) + args))


def script(host, body, name='new'):
    path = f'{host.base}/{name}'
    with open(path, 'w', encoding='ascii') as handle:
        handle.write('#!/bin/sh\n' + body)
    os.chmod(path, 0o755)
    return path


def still_there(host):
    """The old daemon serves, hears of domains, and left nothing behind."""
    host.check('S9', 'WRITE /alive 1', 'OK')
    left = [f for f in os.listdir(host.run)
            if f.startswith(('state', 'trial'))]
    expect(left, [], 'left behind')
    virqs = [p for p, e in host.world.port_table().items() if e[0] == 2]
    expect(len(virqs), 1, 'bound VIRQs')
    host.guest(31)
    host.check('D31', 'WRITE x 1', 'OK')
    host.world.set_state(31, 'gone')
    host.world.virq()
    host.check('S9', 'IS_DOMAIN_INTRODUCED 31', 'list F')
    for fd in os.listdir(f'/proc/{host.pid}/fdinfo'):
        with open(f'/proc/{host.pid}/fdinfo/{fd}', encoding='ascii') as info:
            flags = [int(line.split()[1], 8) for line in info
                     if line.startswith('flags')][0]
        if int(fd) > 2 and not flags & os.O_CLOEXEC:
            raise Failed(f'descriptor {fd} would be inherited')
    host.healthy()


def words_of(ctx, kind):
    """The texts are those of 4.17."""
    with Host(ctx, kind) as host:
        new = ctx.binaries['ours']
        plain = f'{host.base}/plain'
        with open(plain, 'w', encoding='ascii'):
            pass
        os.chmod(plain, 0o644)
        expect(lu(host, 'S1', '-s', '-t', '1'),
               text('Not in live-update session.'), '-s')
        expect(lu(host, 'S1', '-c', 'x'),
               text('Not in live-update session.'), '-c')
        expect(lu(host, 'S1', '-a'),
               text('No live-update session active.'), '-a')
        expect(lu(host, 'S1', '-f', '/nowhere/x'),
               text('File not accessible.'), 'no file')
        expect(lu(host, 'S1', '-f', plain), text('File not executable.'),
               'not executable')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        expect(lu(host, 'S2', '-f', new),
               text('live-update session already active.'), 'second -f')
        expect(lu(host, 'S2', '-s', '-t', '1'),
               text('Not in live-update session.'), '-s of another')
        expect(lu(host, 'S2', '-a'), 'OK', '-a of another')
        expect(lu(host, 'S1', '-s', '-t', '1'),
               text('Not in live-update session.'), '-s after -a')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        expect(lu(host, 'S1', '-s', '-t'), 'EINVAL', '-t without value')
        expect(lu(host, 'S1', '-x'), 'EINVAL', '-x')
        expect(lu(host, 'S1'), 'EINVAL', 'nothing')
        host.clients.pop('S1').close()
        host['S2'].ping()
        expect(lu(host, 'S2', '-f', new), 'OK', '-f after a close')


def leaves_for_nobody(ctx):
    """A process has nobody who could take its place from outside."""
    with Host(ctx) as host:
        expect(host.ask('S1', 'CONTROL leave x'), 'EINVAL', 'timeout')
        got = host.ask('S1', 'CONTROL leave')
        if 'Nobody took over' not in got:
            raise Failed(got)
        still_there(host)
        new = ctx.binaries['ours']
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        expect(host.ask('S2', 'CONTROL leave'),
               text('live-update session already active.'), 'meanwhile')
        expect(lu(host, 'S1', '-a'), 'OK', '-a')


def guest_may_not(ctx):
    with Host(ctx) as host:
        host.guest(1)
        expect(lu(host, 'D1', '-a'), 'EACCES', 'guest')


def says_no(ctx):
    """Whatever else a program does, it does not replace the daemon."""
    bodies = {'complains': 'echo "I do not like it" >&2; exit 1\n',
              'silent': 'exit 0\n',
              'crashes': 'kill -9 $$\n',
              'argument': 'echo "No arguments desired"; exit 1\n'}
    for name, body in bodies.items():
        with Host(ctx) as host:
            code, said = host.control(script(host, body), '-t', '5')
            expect(code, 3, f'{name}: exit code')
            if BAD_LINE not in said:
                raise Failed(f'{name}: {said}')
            if name == 'complains' and 'I do not like it' not in said:
                raise Failed(said)
            still_there(host)
    for binary in ('/bin/true', '/bin/ls', ctx.binaries['ocaml']):
        with Host(ctx) as host:
            code, said = host.control(binary, '-t', '5')
            expect(code, 3, f'{binary}: exit code')
            if BAD_LINE not in said:
                raise Failed(f'{binary}: {said}')
            still_there(host)


def bad_options(ctx):
    """Options that the new daemon would end over are found in time."""
    with Host(ctx) as host:
        expect(lu(host, 'S1', '-f', ctx.binaries['ours']), 'OK', '-f')
        host['S1'].request(0, b'live-update\0-c\0-Q nonsense=1\0')
        expect(host.reply('S1'), 'OK', '-c')
        got = lu(host, 'S1', '-s', '-t', '5')
        if BAD_LINE not in got or 'nonsense' not in got:
            raise Failed(got)
        still_there(host)


def vanishes(ctx):
    """The program is gone between -f and -s."""
    with Host(ctx) as host:
        new = script(host, 'exit 0\n')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        os.unlink(new)
        expect(lu(host, 'S1', '-s', '-t', '5'), ERROR, '-s')
        still_there(host)


def not_a_program(ctx):
    with Host(ctx) as host:
        new = f'{host.base}/junk'
        with open(new, 'wb') as handle:
            handle.write(b'\x7fELFjunk')
        os.chmod(new, 0o755)
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        expect(lu(host, 'S1', '-s', '-t', '5'), ERROR, '-s')
        still_there(host)


def exec_fails(ctx):
    """It says yes twice, and then it cannot be started."""
    with Host(ctx) as host:
        host.guest(1)
        host.check('D1', 'WATCH w t', 'OK')
        host.event('D1')
        tx = host.begin('S2')
        host.check('S2', 'WRITE /in/tx 1', 'OK', tx)
        new = script(host, f'''
echo x >> {host.base}/count
[ $(wc -l < {host.base}/count) = 2 ] && rm {host.base}/new
exec {ctx.binaries['ours']} "$@"
''')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        expect(lu(host, 'S1', '-s', '-t', '5'), ERROR, '-s')
        if os.path.exists(new):
            raise Failed('the exec was not what failed')
        host.check('S', 'WRITE /local/domain/1/w 1', 'OK')
        expect(host.event('D1'), 'event w t', 'event')
        host.check('S2', 'TRANSACTION_END T', 'OK', tx)
        host.check('S', 'READ /in/tx', '"1"')
        still_there(host)
        host.update('ours')


def exec_of_417_fails(ctx):
    """What was taken back for it is offered again."""
    with Host(ctx) as host:
        host.guest(1)
        new = script(host, f'''
echo x >> {host.base}/count
[ $(wc -l < {host.base}/count) = 2 ] && rm {host.base}/new
exec {ctx.binaries['c']} "$@"
''')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        expect(lu(host, 'S1', '-s', '-t', '5'), ERROR, '-s')
        if os.path.exists(new):
            raise Failed('the exec was not what failed')
        expect(host['D1'].peek('server_features'), 15, 'what is offered')
        host.begin('S1')
        still_there(host)


def no_room(ctx):
    """The state cannot be written."""
    with Host(ctx) as host:
        new = script(host, f'''
mkdir -p {host.run}/state_dump/x
exec {ctx.binaries['ours']} "$@"
''')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        got = lu(host, 'S1', '-s', '-t', '5')
        if 'Cannot save the state' not in got:
            raise Failed(got)
        os.rmdir(f'{host.run}/state_dump/x')
        os.rmdir(f'{host.run}/state_dump')
        still_there(host)


def cancelled(ctx):
    """Somebody else says -a; or who asked goes away."""
    with Host(ctx) as host:
        new = script(host, 'sleep 600\n')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        host.send('S1', 'CONTROL live-update -s -t 60')
        time.sleep(0.1)
        host.check('S2', 'WRITE /meanwhile 1', 'OK')
        expect(lu(host, 'S2', '-a'), 'OK', '-a')
        expect(host.reply('S1'), text('Cancellation was requested'), '-s')
        expect(lu(host, 'S1', '-f', new), 'OK', '-f')
        host.send('S1', 'CONTROL live-update -s -t 60')
        time.sleep(0.1)
        host.clients.pop('S1').close()
        time.sleep(0.2)
        expect(lu(host, 'S2', '-f', new), 'OK', '-f after a close')
        expect(lu(host, 'S2', '-a'), 'OK', '-a')
        still_there(host)


def after_the_request(ctx):
    """What the asking client sent behind -s is answered after it."""
    with Host(ctx) as host:
        host.check('S', 'WRITE /a 1', 'OK')
        expect(lu(host, 'S1', '-f', ctx.binaries['ours']), 'OK', '-f')
        host.send('S1', 'CONTROL live-update -s -t 5')
        host.send('S1', 'READ /a')
        host.send('S1', 'READ /b')
        expect(host.reply('S1'), 'OK', '-s')
        expect(host.reply('S1'), '"1"', 'READ')
        expect(host.reply('S1'), 'ENOENT', 'READ')
        host.settled(ctx.binaries['ours'])


def open_transactions(ctx):
    """4.17 cannot take them: it is waited, then said, or forced."""
    with Host(ctx) as host:
        host.guest(1)
        tx = host.begin('S1')
        guest_tx = host.begin('D1')
        code, said = host.control(ctx.binaries['c'], '-t', '1')
        expect(code, 3, 'exit code')
        expect(host['D1'].peek('server_features'), 15, 'what is offered')
        for line in ('Domains with long running transactions:',
                     'Domain 0: 1 s', 'Domain 1: 1 s'):
            if line not in said:
                raise Failed(said)
        still_there(host)
        host.check('S1', 'TRANSACTION_END F', 'OK', tx)
        # One that ends in time is no obstacle; others wait to begin.
        expect(lu(host, 'S2', '-f', ctx.binaries['c']), 'OK', '-f')
        host.send('S2', 'CONTROL live-update -s -t 10')
        time.sleep(0.4)
        host.send('S1', 'TRANSACTION_START')
        host.check('S', 'WRITE /others 1', 'OK')
        expect(host.reply('S1', 0.3), None, 'TRANSACTION_START')
        host.check('D1', 'TRANSACTION_END T', 'OK', guest_tx)
        expect(host.reply('S2'), 'OK', '-s')
        host.settled(ctx.binaries['c'])
        started = host.reply('S1')
        if not started or 'list' not in started:
            raise Failed(f'TRANSACTION_START of the new daemon: {started}')


def forced(ctx):
    with Host(ctx) as host:
        host.guest(1)
        tx = host.begin('S1')
        host.update('c', '-F', '-t', '1')
        host.check('S1', 'READ /', 'ENOENT', tx)
        expect(host['D1'].peek('server_features'), 0, 'what 4.17 offers')


def held_and_let_go(ctx):
    """If nothing comes of it, who waits to begin a transaction may."""
    with Host(ctx) as host:
        tx = host.begin('S1')
        expect(lu(host, 'S2', '-f', ctx.binaries['c']), 'OK', '-f')
        host.send('S2', 'CONTROL live-update -s -t 1')
        time.sleep(0.4)
        host.send('S3', 'TRANSACTION_START')
        expect(host.reply('S3', 0.2), None, 'TRANSACTION_START')
        got = host.reply('S2')
        if 'long running' not in got:
            raise Failed(got)
        if not host.reply('S3'):
            raise Failed('TRANSACTION_START was never answered')
        host.check('S1', 'TRANSACTION_END T', 'OK', tx)
        still_there(host)


def under_construction(ctx):
    """Nodes without a connection of their owner are death to 4.17."""
    with Host(ctx) as host:
        host.world.create(8)
        host.check('S', 'WRITE /local/domain/8/x v', 'OK')
        host.check('S', 'SET_PERMS /local/domain/8/x n8', 'OK')
        code, said = host.control(ctx.binaries['c'], '-F', '-t', '1')
        expect(code, 3, 'exit code')
        if 'Domain 8: under construction' not in said:
            raise Failed(said)
        still_there(host)
        host.check('S', 'INTRODUCE 8 1 18', 'OK')
        host.update('c')
        host.check('D8', 'READ x', '"v"')


def frozen(ctx):
    """A domain that is being moved is not forgotten."""
    with Host(ctx) as host:
        host.guest(1)
        host.check('S', 'CONTROL quiesce 1', 'OK')
        code, said = host.control(ctx.binaries['ours'], '-t', '1')
        expect(code, 3, 'exit code')
        if 'Domain 1: being moved' not in said:
            raise Failed(said)
        host.check('S', 'CONTROL resume 1', 'OK')
        still_there(host)
        host.update('ours')


def command_line(host):
    with open(f'/proc/{host.pid}/cmdline', 'rb') as handle:
        return handle.read().decode().split('\0')[1:-1]


def options_kept(ctx):
    """Ours hands on what it was given, 4.17 gets what it understands."""
    options = ['-E', '50', '--config-file', '/nowhere', '-Q', 'watches=7',
               '-Q', 'memory=2000000', '--no-access-log', '-w',
               'watch-event=3', '--trace-control=+obj', '-P']
    with Host(ctx, 'ours', options) as host:
        host.update('ours')
        expect(command_line(host), ['-N'] + options + ['-U'], 'options')
        host.update('ours')
        expect(command_line(host), ['-N'] + options + ['-U'], 'options')
        host.update('c')
        expect(command_line(host),
               ['--no-fork', '--entry-nb', '50', '--watch-nb', '7',
                '--quota', 'memory=2000000', '--timeout', 'watch-event=3',
                '-U'], 'options for 4.17')
        got = host.ask('S', 'CONTROL quota')
        if '      50' not in got:
            raise Failed(got)


def other_options(ctx):
    with Host(ctx, 'ours', ['-E', '50']) as host:
        code, said = host.control(ctx.binaries['ours'], '-c', '-N -E 60',
                                  '-t', '5')
        expect(code, 0, said)
        expect(command_line(host), ['-N', '-E', '60', '-U'], 'options')
        got = host.ask('S', 'CONTROL quota')
        if '      60' not in got:
            raise Failed(got)


def files(ctx):
    """The pid file, its lock and that of the directory; the socket."""
    with Host(ctx) as probe:
        base = probe.base
        with Host(ctx, 'ours', ['--pid-file', f'{base}/pid']) as host:
            for _ in range(2):
                with open(f'{base}/pid', encoding='ascii') as handle:
                    expect(handle.read(), f'{host.pid}\n', 'pid file')
                    try:
                        fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                        raise Failed('the pid file is not locked')
                    except BlockingIOError:
                        pass
                directory = os.open(host.run, os.O_RDONLY)
                try:
                    fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    raise Failed('the run directory is not locked')
                except BlockingIOError:
                    pass
                os.close(directory)
                expect(stat.S_IMODE(os.stat(host.daemon.socket).st_mode),
                       0o600, 'mode of the socket')
                host.update('ours')
            host.daemon.proc.terminate()
            host.daemon.proc.wait(5)
            expect(host.daemon.proc.returncode, 0, 'exit status')
            expect(os.path.exists(host.daemon.socket), False, 'socket left')


def signals(ctx):
    """They mean the same afterwards."""
    with Host(ctx, 'ours', ['-T', 'trace']) as host:
        host.update('ours')
        trace = f'{host.base}/trace'
        os.rename(trace, trace + '.old')
        host.daemon.proc.send_signal(1)
        time.sleep(0.2)
        host.check('S', 'READ /', '""')
        expect(os.path.exists(trace), True, 'trace file opened anew')


def no_restart_loop(ctx):
    """A daemon that followed oxenstored is not asked to do so again."""
    with Host(ctx, 'ocaml') as host:
        host.update('ours')
        if '--live' not in command_line(host):
            raise Failed(str(command_line(host)))
        host.update('ours')
        if '--live' in command_line(host):
            raise Failed(str(command_line(host)))
        host.update('c')


def cases():
    own = (leaves_for_nobody, guest_may_not, says_no, bad_options, vanishes,
           not_a_program, exec_fails, exec_of_417_fails, no_room, cancelled,
           after_the_request,
           open_transactions, forced, held_and_let_go, under_construction,
           frozen, options_kept, other_options, files, signals,
           no_restart_loop)
    return [('dialogue/words', lambda ctx: words_of(ctx, 'ours')),
            ('dialogue/words-c', lambda ctx: words_of(ctx, 'c'))] + [
                (f'dialogue/{case.__name__}', case) for case in own]
