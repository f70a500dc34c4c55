/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_crl.h"

#include <stdlib.h>
#include <string.h>

bool
store_crl_newest(
    struct store *s, struct crl_row *out, bool *found, struct err *e)
{
	const uint8_t *body;

	*out = (struct crl_row){.number = 0};
	*found = false;
	if (!store_run(s,
		"SELECT number, serials, body, made FROM crl "
		"ORDER BY number DESC LIMIT 1",
		e))
		return false;
	*found = store_row(s);
	if (!*found)
		return true;
	out->number = (uint32_t)store_int(s, 0);
	out->serials = (size_t)store_int(s, 1);
	body = store_blob(s, 2, &out->len);
	out->made = store_int(s, 3);
	out->body = malloc(out->len + 1);
	if (out->body == NULL)
		return err_system(e, "memory");
	memcpy(out->body, body, out->len);
	return true;
}

bool
store_crl_add(struct store *s, const struct crl_row *row, struct err *e)
{
	store_put_int(s, row->number);
	store_put_int(s, (int64_t)row->serials);
	store_put_blob(s, row->body, row->len);
	store_put_int(s, row->made);
	return store_run(s,
	    "INSERT INTO crl (number, serials, body, made) "
	    "VALUES ($1, $2, $3, $4)",
	    e);
}

bool
store_crl_count(struct store *s, size_t *count, struct err *e)
{
	if (!store_run(
		s, "SELECT COUNT(*) FROM psd WHERE state = 'revoked'", e))
		return false;
	*count = store_row(s) ? (size_t)store_int(s, 0) : 0;
	return true;
}

bool
store_crl_serials(struct store *s, uint32_t *serials, size_t max, size_t *count,
    struct err *e)
{
	*count = 0;
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT cert_serial FROM psd WHERE state = 'revoked' "
		"ORDER BY cert_serial LIMIT $1",
		e))
		return false;
	while (*count < max && store_row(s))
		serials[(*count)++] = (uint32_t)store_int(s, 0);
	return true;
}
