/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/field_help.h"

#include <string.h>
#include <time.h>

#include "base/date.h"
#include "provider/field_refund.h"
#include "provider/store_admin.h"
#include "tests/test.h"
#include "vault/authority.h"
#include "vault/refund.h"

void
open_vault(struct holder *d)
{
	struct err e = ERR_INIT;

	is_ok(vault_open(d->uri, 0, &d->v, &e), &e, "vault");
}

static void
make_vault(struct holder *d)
{
	struct lab_psd psd;
	char id[PSD_ID];
	struct err e = ERR_INIT;

	lab_defaults(&psd);
	psd.serial = SERIAL;
	is_ok(lab_create_vault(d->lab, d->uri, &psd, id, &e), &e, "a vault");
	is_str(id, "XXPS0000000900", "its name");
}

bool
enrol(struct holder *d, const char *folder, struct err *e)
{
	struct store *s = d->h->w->store;
	struct cert *c = NULL;
	char path[192];
	uint32_t serial;
	bool done;

	snprintf(path, sizeof(path), "%s/psd/XXPS0000000900.pem", folder);
	done = authority_read_cert(path, &c, e) &&
	       store_begin(s, STORE_WRITE, e) &&
	       field_enrol(d->h->w, d->u.account, c, &serial, e) &&
	       store_commit(s, e);
	store_rollback(s);
	cert_free(c);
	if (done)
		is_int(serial, SERIAL, "serial");
	return done;
}

void
holder_open(struct help *h, struct holder *d)
{
	char folder[128];
	struct err e = ERR_INIT;

	shop_set_time(time(NULL)); /* vaults have a clock of their own */
	*d = (struct holder){.h = h};
	snprintf(folder, sizeof(folder), "%s/authority", h->shop.folder);
	snprintf(d->uri, sizeof(d->uri), "file:%s/v.vault", h->shop.folder);
	snprintf(d->path, sizeof(d->path), "%s/v.vault", h->shop.folder);
	d->u = help_system(h, help_account(h, "one", CREDIT), "one", d->token);
	is_ok(lab_open(folder, &d->lab, &e), &e, "desk");
	make_vault(d);
	is_ok(enrol(d, folder, &e), &e, "enrol");
	open_vault(d);
}

void
holder_close(struct holder *d)
{
	vault_close(d->v);
	lab_close(d->lab);
}

/* --- messages ------------------------------------------------------------------------- */

struct field_call
call_of(const struct holder *d, const struct letter *l)
{
	return (struct field_call){
	    .who = &d->u, .serial = SERIAL, .msg = l->bytes, .len = l->len};
}

struct letter
request(struct holder *d, mils amount)
{
	struct letter l;
	struct err e = ERR_INIT;

	is_ok(vault_download_request(d->v, amount, l.bytes, &l.len, &e), &e,
	    "request");
	return l;
}

struct letter
answered(struct holder *d, const struct letter *l)
{
	struct field_call call = call_of(d, l);
	struct letter out;
	struct err e = ERR_INIT;

	is_ok(field_download(d->h->w, &call, out.bytes, &out.len, &e), &e,
	    "answer");
	return out;
}

void
refused(struct holder *d, const struct letter *l, enum err_kind kind,
    const char *why)
{
	struct field_call call = call_of(d, l);
	struct letter out;
	struct err e = ERR_INIT;

	ok(!field_download(d->h->w, &call, out.bytes, &out.len, &e), why);
	is_err(&e, kind, why);
	if (strstr(e.text, why) == NULL)
		fail_at("got \"%s\", want \"%s\"", e.text, why);
}

struct letter
applied(struct holder *d, const struct letter *answer)
{
	struct letter receipt;
	struct err e = ERR_INIT;

	is_ok(vault_download_apply(d->v, answer->bytes, answer->len,
		  receipt.bytes, &receipt.len, &e),
	    &e, "apply");
	return receipt;
}

void
refill(struct holder *d, mils amount)
{
	struct letter l = request(d, amount);

	l = answered(d, &l);
	applied(d, &l);
}

struct letter
audit(struct holder *d)
{
	static uint8_t nonce[PSD_NONCE];
	struct letter l;
	struct err e = ERR_INIT;

	nonce[0]++;
	is_ok(vault_audit(d->v, nonce, l.bytes, &l.len, &e), &e, "audit");
	return l;
}

bool
heard(struct holder *d, const struct letter *l, struct err *e)
{
	struct field_call call = call_of(d, l);

	*e = (struct err)ERR_INIT;
	return field_audit(d->h->w, &call, e);
}

struct psd_stamp
spend_as(struct holder *d, struct psd_request r)
{
	struct psd_stamp stamp;
	struct err e = ERR_INIT;

	r.key[0] = ++d->key;
	is_ok(vault_debit(d->v, &r, 1, &stamp, &e), &e, "debit");
	return stamp;
}

struct psd_stamp
spend_for(struct holder *d, mils amount, int days)
{
	return spend_as(
	    d, (struct psd_request){.amount = amount,
		   .mail_date = date_add(date_local(time(NULL)), days),
		   .category = "FCM"});
}

struct psd_stamp
spend(struct holder *d, mils amount)
{
	return spend_for(d, amount, 0);
}

/* --- refunds ------------------------------------------------------------------- */

static void
fill_line(const struct psd_stamp *s, struct refund_line *out)
{
	struct indicium in;
	struct err e = ERR_INIT;

	is_ok(indicium_decode(s->indicium, s->len, &in, &e), &e, "a stamp");
	*out = (struct refund_line){.ascending = in.ascending,
	    .mail_date = in.mail_date,
	    .amount = in.postage,
	    .class_name = "FCM",
	    .place = "Q-1",
	    .reason = "jam",
	    .len = s->len};
	memcpy(out->indicium, s->indicium, s->len);
}

void
list_of(struct holder *d, const struct psd_stamp *stamp, size_t count,
    char **text, size_t *len)
{
	struct refund_line lines[4];
	struct refund_list list = {.date = date_local(time(NULL)),
	    .count = (uint32_t)count,
	    .lines = lines};
	struct psd_claim claim = {.date = list.date, .count = list.count};
	uint8_t msg[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	FILE *f = open_memstream(text, len);
	size_t msg_len;

	strcpy(list.psd_id, "XXPS0000000900");
	for (size_t i = 0; i < count; i++) {
		fill_line(&stamp[i], &lines[i]);
		list.total += lines[i].amount;
	}
	refund_write_list(f, &list);
	ok(fflush(f) == 0, "written");
	sig_sha256(*text, *len, claim.digest);
	claim.total = list.total;
	is_ok(
	    vault_refund_request(d->v, &claim, msg, &msg_len, &e), &e, "sign");
	refund_write_signed(f, msg, msg_len);
	ok(fclose(f) == 0, "closed");
}

bool
asks_refund(struct holder *d, const char *text, size_t len, char **answer,
    struct err *e)
{
	struct field_call call = {.who = &d->u,
	    .serial = SERIAL,
	    .msg = (const uint8_t *)text,
	    .len = len};
	size_t answer_len;

	*e = (struct err)ERR_INIT;
	return field_refund(d->h->w, &call, answer, &answer_len, e);
}
