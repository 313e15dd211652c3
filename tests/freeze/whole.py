# SPDX-License-Identifier: GPL-2.0-only
"""The whole store over CONTROL: what a live update would hand over."""
import json
import os
import subprocess
import tempfile

from hosts import DOMID, TOP, say, test, want

HOME = f'/local/domain/{DOMID}'


def check_all(host, blob):
    host.send(blob)
    text = host.control('import', 'check', 'all')
    host.control('import', 'end')
    return text


@test
def everything_is_in_it(pair):
    """Nodes, a watch, a transaction, as xsdump reads them; nothing changes."""
    guest = pair.boot()
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    want('watch', say(guest, 'WATCH', 'data', 'token'), 'OK')
    say(guest, 'TRANSACTION_START', '')
    before = pair.a.tree('/')
    blob = pair.a.export('all')
    want('tree', pair.a.tree('/'), before)
    build = os.environ.get('BUILD', str(TOP / 'build'))
    with tempfile.NamedTemporaryFile() as file:
        file.write(blob)
        file.flush()
        out = subprocess.run([f'{build}/bin/xsdump', 'json', file.name],
                             stdout=subprocess.PIPE, check=True).stdout
    said = json.loads(out)
    nodes = {n['path'] for n in said['nodes']}
    want('nodes', set(before) - nodes, set())
    want('watches', any(w.get('path', '').endswith('data')
                        for w in said['watches']), True)
    want('transactions', len(said['transactions']), 1)


@test
def another_store_would_take_it(pair):
    """It says so, changing nothing; and of damage it says where."""
    guest = pair.boot()
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    blob = pair.a.export('all')
    before = pair.b.tree('/')
    want('check', check_all(pair.b, blob), 'ok')
    want('check at home', check_all(pair.a, blob), 'ok')
    damaged = bytearray(blob)
    damaged[len(blob) // 2] ^= 1
    text = check_all(pair.b, bytes(damaged))
    want('damaged', (text.startswith('problem '),
                     text.splitlines()[-1].startswith('failed')),
         (True, True))
    text = check_all(pair.b, blob[:len(blob) // 2])
    want('half of it', text.splitlines()[-1].startswith('failed'), True)
    want('tree', pair.b.tree('/'), before)
    pair.a.fails('EINVAL', 'CONTROL', 'import', 'check', 'some')
    pair.a.fails('EINVAL', 'CONTROL', 'export', 'begin', 'al')
