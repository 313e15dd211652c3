# SPDX-License-Identifier: GPL-2.0-only
"""What was asked for: ratios to the better peer, and plain bounds."""

# title, group, key, at most so much of its latency, of its CPU
RATIOS = [
    ('read', 'small', 'read', 0.55, 0.50),
    ('write', 'small', 'write', 0.55, 0.50),
    ('create and remove', 'small', 'create_rm', 0.55, 0.50),
    ('seven levels made and removed', 'small', 'mkdir_deep', 0.50, 0.45),
    ('list of 10', 'small', 'directory10', 0.55, 0.50),
    ('list of 1,000', 'small', 'directory1000', 0.60, 0.55),
    ('list of 10,000 in parts', 'more', 'dirpart', 0.50, 0.45),
    ('get permissions', 'small', 'get_perms', 0.55, 0.50),
    ('set permissions', 'small', 'set_perms', 0.55, 0.50),
    ('create and remove beside 10,000', 'siblings', 'create_rm@10000', 0.50,
     0.40),
    ('empty transaction', 'small', 'tx0', 0.55, 0.50),
    ('transaction, 10 writes', 'small', 'tx10w', 0.55, 0.45),
    ('transaction, 10 reads', 'small', 'tx10r', 0.55, 0.45),
    ('two transactions in conflict', 'small', 'tx_conflict', 0.55, 0.50),
    ('one watch fires', 'small', 'fanout1', 0.60, 0.55),
    ('100 watches on one connection', 'small', 'fanout100x1', 0.10, 0.10),
    ('100 watches, 100 connections', 'small', 'fanout100x100', 0.50, 0.50),
    ('1,000 watches, 1,000 connections', 'more', 'fanout1000', 0.50, 0.40),
    ('read, 16 connections', 'small', 'read16', 0.60, 0.50),
    ('write, 16 connections', 'small', 'write16', 0.50, 0.45),
    ('read, 32 at a time', 'small', 'read_d32', 0.20, 0.15),
    ('write, 32 at a time', 'small', 'write_d32', 0.20, 0.20),
    ('read, 16 connections, 16 at a time', 'small', 'read16_d16', 0.25,
     0.15),
    ('connect, read, close', 'small', 'connect', 0.65, 0.60),
    ('write beside 10,000 watches', 'watches', 'write@10000', 0.12, 0.08),
    ('write beside 100,000 watches', 'watches', 'write@100000', 0.08, 0.05),
    ('read beside 1,000 connections', 'idle', 'read@1000', 0.05, 0.03),
    ('write beside 1,000 connections', 'idle', 'write@1000', 0.05, 0.03),
    ('domain comes and goes beside 1', 'domains', 'boot@1', 0.60, 0.55),
    ('... beside 100', 'domains', 'boot@100', 0.35, 0.25),
    ('... beside 1,000', 'domains', 'boot@1000', 0.06, 0.03),
    ('write by a domain, alone', 'domains', 'ringwrite@1', 0.80, 0.75),
    ('write by a domain beside 1,000', 'domains', 'ringwrite@1000', 0.15,
     0.10),
    ('read among 300,000 nodes', 'nodes', 'read@300000', 0.55, 0.50),
    ('10 writes among 100,000 nodes', 'nodes', 'tx10w@100000', 0.45, 0.25),
    ('10 writes among 300,000 nodes', 'nodes', 'tx10w@300000', 0.30, 0.30),
]

# title, key, instructions, system calls
COUNTS = [
    ('read', 'read', 1500, 3),
    ('write', 'write', 2000, 3),
    ('create and remove', 'create_rm', 5000, 6),
    ('list of 1,000', 'directory1000', None, 3),
    ('get permissions', 'get_perms', 1500, 3),
    ('set permissions', 'set_perms', 2500, 3),
    ('empty transaction', 'tx0', 2500, 6),
    ('transaction, 10 writes', 'tx10w', 30000, 36),
    ('transaction, 10 reads', 'tx10r', None, 36),
    ('one watch fires', 'fanout1', None, None),
    ('100 watches on one connection', 'fanout100x1', None, None),
    ('read, 32 at a time', 'read_d32', 1200, 0.2),
    ('write, 32 at a time', 'write_d32', 1800, 0.2),
]

# title, group, key, at most so much of the better peer's memory
MEMORY = [
    ('node, of 300,000', 'nodes', 'fill@300000', 1.0),
    ('node, of 100,000', 'nodes', 'fill@100000', 1.0),
    ('watch, of 100,000', 'watches', 'watch@100000', 0.6),
    ('idle connection, of 1,000', 'idle', 'conn@1000', 1.0),
    ('domain, of 1,000', 'domains', 'domain@1000', 0.7),
]

FILL_SECS = 5.0
STALL_MS = 5.0
MOVE_MS = 1.0
LIVE = 0.05  # of the better peer's wait
NOISY = 3.0  # times an idle host's
