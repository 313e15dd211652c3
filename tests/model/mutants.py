# SPDX-License-Identifier: GPL-2.0-only
"""Mistakes that the model has to notice: name, file, what, and what instead."""

STORE, CONN, PROTO = 'xenstored/store', 'xenstored/conn', 'xenstored/protocol'

MUTANTS = [
    ('everybody hears of every change', f'{STORE}/watch.c',
     'return cred->privileged || can_read(rights->after, cred) ||',
     'return true || can_read(rights->after, cred) ||'),
    ('who may read only the parent hears nothing', f'{STORE}/watch.c',
     'can_read(rights->before, cred) || can_read(rights->parent, cred);',
     'can_read(rights->before, cred);'),
    ('a reader that loses its right is not told', f'{STORE}/watch.c',
     'can_read(rights->before, cred) || can_read(rights->parent, cred);',
     'can_read(rights->parent, cred);'),
    ('a watch reaches one level too deep', f'{STORE}/watch.c',
     'w->depth < levels)', 'w->depth + 1 < levels)'),
    ('doubles of an event are sent', f'{CONN}/queue.c',
     'if (!queue->n_events || !queue->events.buckets)', 'if (1)'),
    ('absence is told to anybody', f'{STORE}/stage.c',
     '''	if ((xs_perms_access(xs_delta_perms(stage, at), &stage->cred) & want) !=
	    want)
		return -EACCES;''',
     '''	if (at == d &&
	    (xs_perms_access(xs_delta_perms(stage, at), &stage->cred) & want) !=
	    want)
		return -EACCES;'''),
    ('a guest gives a node away', f'{STORE}/stage.c',
     '''		return -EPERM;
''', '''		(void)0;
'''),
    ('what a guest creates belongs to the parent\'s owner', f'{STORE}/stage.c',
     'entries[0].domid = stage->cred.domid;', ''),
    ('one node too many', f'{STORE}/commit.c',
     'if (!xs_tree_has_room(c->tree, account, XS_QUOTA_NODES, more))',
     'if (!xs_tree_has_room(c->tree, account, XS_QUOTA_NODES, more - 1))'),
    ('one node too many, in a transaction', f'{STORE}/stage.c',
     '(int64_t)count_fresh(stage) + n_more -',
     '(int64_t)count_fresh(stage) + n_more - 1 -'),
    ('a transaction commits over a conflict', f'{STORE}/replay.c',
     'if (rc == rq->rc && sum == rq->sum)',
     'if (rc == rq->rc)'),
    ('a transaction sees what came after it', f'{STORE}/stage.c',
     'stage->at = stage->snapshot.gen;', 'stage->at = XS_NOW;'),
    ('a removal undone by a creation is not told', f'{STORE}/commit.c',
     '''		if (cut)
			xs_watch_fire_removal(''',
     '''		if (cut && !(d->flags & changes))
			xs_watch_fire_removal('''),
    ('removed twice over, told once', f'{STORE}/commit.c',
     'if (d->flags & XS_D_ALONE && d->flags & XS_D_GONE && d->base)',
     'if (0)'),
    ('MKDIR of what is there fires', f'{STORE}/stage.c',
     '''	if (rc != -ENOENT)
		return rc;
	rc = create(stage, d, 0);''',
     '''	if (!rc)
		d->flags |= XS_D_TARGET | XS_D_PERMS,
			d->perms = d->perms ? d->perms : xs_perms_ref(
				xs_delta_perms(stage, d));
	if (rc != -ENOENT)
		return rc;
	rc = create(stage, d, 0);'''),
    ('rights of the dead stay', f'{STORE}/purge.c',
     '	xs_perms_forget_domid(&tree->perms, domid);\n', ''),
    ('nodes of the dead stay', f'{STORE}/purge.c',
     '''	remove_owned(tree, watches, domid);
	xs_perms''', '''	if (heir == XS_PURGE_NO_HEIR && domid != 1)
		remove_owned(tree, watches, domid);
	xs_perms'''),
    ('a domid\'s next bearer is taken for the last', f'{CONN}/domain.c',
     '(!rc && memcmp(domain->handle, info.handle, XS_HANDLE_SIZE))',
     '0'),
    ('rights for nobody are rights', f'{CONN}/domain.c',
     '''	    xs_domain_get(conns, perm->domid, &domain))
		perm->flags |= XS_PERM_F_IGNORE;''',
     '''	    xs_domain_get(conns, perm->domid, &domain))
		perm->flags |= 0;'''),
    ('a target outlives its domain', f'{CONN}/domain.c',
     '	clear_targets(conns, domid);\n', ''),
    ('a shutdown is told at every look', f'{CONN}/domain.c',
     'domain->shutdown_told = true;', ''),
    ('RESET_WATCHES keeps transactions', f'{PROTO}/op_watch.c',
     '	xs_txns_abort_all(&req->conn->txns);\n', ''),
    ('UNWATCH does not look at the token', f'{STORE}/watch.c',
     '''w->token_len == token_len &&
		    !memcmp(xs_watch_token(w), token, token_len))''',
     'token)'),
    ('a live update forgets that a path was relative',
     'xenstored/freeze/save.c',
     '''span_of(w->text + w->prefix,
					(size_t)w->path_len - w->prefix),''',
     'span_of(w->text, w->path_len),'),
    ('a live update forgets the depth', 'xenstored/freeze/load.c',
     '''w->depth, &watch);''', '''XS_WATCH_DEPTH_ALL, &watch);'''),
    ('a live update forgets the last request', 'xenstored/freeze/load.c',
     '!rc && i < t->n_requests; i++)', '!rc && i + 1 < t->n_requests; i++)'),
    ('rights of nobody come back with a live update', f'{STORE}/replay.c',
     'stage->snapshot.revoked || any_names_dead(stage))',
     'stage->snapshot.revoked)'),
    ('events of a standstill are lost', f'{CONN}/conn.c',
     'if (conn->dead || conn->ignored || conn->lost || size',
     'if (conn->dead || conn->quiesced || conn->lost || size'),
    ('a reconnect keeps the watches', f'{CONN}/conn.c',
     '''	drop_state(conn);
	xs_queue_clear(&conn->out);''',
     '''	if (conn->dead)
		drop_state(conn);
	xs_queue_clear(&conn->out);'''),
    ('a node given away stays charged to who had it', f'{STORE}/tree.c',
     '''	xs_charge_release(&node->charge);
	xs_charge_force(&node->charge, account, XS_QUOTA_NODES, bytes_of(node));
''', '''	(void)account;
'''),
]
