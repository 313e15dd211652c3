/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open transactions and their logs. */
#include <string.h>

#include "state/judge.h"
#include "state/records.h"

#define TXN_NAME     xs_record_name(XS_RECORD_TXN)
#define REQUEST_NAME xs_record_name(XS_RECORD_REQUEST)
#define ERRNO_MAX    4095

/* One permission's text: a letter and a domid, without its NUL. */
static bool is_perm_text(const uint8_t *text, size_t len)
{
	uint32_t domid = 0;
	size_t i;

	if (len < 2 || len > 6 || !memchr("nrwb", text[0], 4))
		return false;
	for (i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		domid = domid * 10 + (uint32_t)(text[i] - '0');
	}
	return xs_judge_is_domid(domid) || domid == XS_IMAGE_ANY_DOMID;
}

static bool are_perm_texts(const struct xs_span *data)
{
	const uint8_t *p, *end, *nul;

	if (!data->len)
		return false;
	end = data->data + data->len;
	for (p = data->data; p < end; p = nul + 1) {
		nul = memchr(p, 0, (size_t)(end - p));
		if (!nul || !is_perm_text(p, (size_t)(nul - p)))
			return false;
	}
	return true;
}

static void judge_request(struct xs_judge *j,
			  const struct xs_image_request *request)
{
	char quote[XS_QUOTE_TEXT];
	bool good = true;

	if (!xs_judge_is_path(&request->path, false))
		xs_judge_wrong(j, XS_RULE_T_10, REQUEST_NAME, request->at,
			       "path %s is not legal",
			       xs_span_quote(&request->path, quote));
	if (request->kind >= XS_IMAGE_R_COUNT)
		xs_judge_wrong(j, XS_RULE_T_7, REQUEST_NAME, request->at,
			       "kind %u is not known", request->kind);
	else if (request->kind == XS_IMAGE_R_SET_PERMS)
		good = are_perm_texts(&request->data);
	else if (request->kind != XS_IMAGE_R_WRITE)
		good = !request->data.len;
	if (!good)
		xs_judge_wrong(j, XS_RULE_T_11, REQUEST_NAME, request->at,
			       "%zu bytes of data are not what a request of "
			       "kind %u has",
			       request->data.len, request->kind);
	if (request->rc > 0 || request->rc < -ERRNO_MAX)
		xs_judge_wrong(j, XS_RULE_T_12, REQUEST_NAME, request->at,
			       "its result is %d", request->rc);
}

int xs_judge_txns(struct xs_judge *j)
{
	const struct xs_image *image = j->image;
	struct xs_index seen;
	uint32_t i, k;
	int rc = xs_index_init(&seen, image->n_txns, &image->key);

	for (i = 0; !rc && i < image->n_txns; i++) {
		const struct xs_image_txn *txn = &image->txns[i];
		const struct xs_index_key key = {
			.number = (uint64_t)txn->conn_id << 32 | txn->tx_id,
		};

		if (!xs_judge_conn(j, txn->conn_id))
			xs_judge_wrong(j, XS_RULE_T_8, TXN_NAME, txn->at,
				       "connection %u is not there",
				       txn->conn_id);
		if (!txn->tx_id)
			xs_judge_wrong(j, XS_RULE_T_9, TXN_NAME, txn->at,
				       "its id is 0");
		else if (xs_index_add(&seen, &key, i) != XS_INDEX_NONE)
			xs_judge_wrong(j, XS_RULE_T_9, TXN_NAME, txn->at,
				       "transaction %u of connection %u is "
				       "there twice",
				       txn->tx_id, txn->conn_id);
		if (j->use == XS_IMAGE_USE_417)
			xs_judge_note(j, XS_RULE_V_3, TXN_NAME, txn->at,
				      "transaction %u of connection %u is lost",
				      txn->tx_id, txn->conn_id);
		for (k = 0; k < txn->n_requests; k++)
			judge_request(j, &txn->requests[k]);
	}
	xs_index_fini(&seen);
	return rc;
}
