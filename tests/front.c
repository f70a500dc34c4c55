/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "base/json.h"
#include "tests/test.h"

#define VALUE 1000000

/* --- what is there --------------------------------------------------------------- */

static void
shell(const char *format, const char *a, const char *b)
{
	char command[512];

	snprintf(command, sizeof(command), format, a, b);
	ok(system(command) == 0, command);
}

static void
make_psd(struct front *f, int i)
{
	char uri[128];
	struct lab_psd psd;
	struct err e = ERR_INIT;

	lab_defaults(&psd);
	psd.min_stamp = 1;
	snprintf(uri, sizeof(uri), "file:%s/psd%d", f->dir, i);
	is_ok(lab_create_vault(f->lab, uri, &psd, f->id[i], &e), &e, uri);
	is_ok(vault_open(uri, 1000, &f->psd[i], &e), &e, uri);
	is_ok(lab_refill(f->lab, f->psd[i], VALUE, &e), &e, "refill");
}

static void
make_strangers(struct front *f)
{
	char path[96], uri[128], id[PSD_ID];
	struct lab_psd psd;
	struct err e = ERR_INIT;

	snprintf(path, sizeof(path), "%s/stranger", f->dir);
	is_ok(lab_open(path, &f->stranger, &e), &e, "a stranger's lab");
	for (int i = 0; i < FRONT_PSDS; i++) {
		lab_defaults(&psd);
		snprintf(uri, sizeof(uri), "file:%s/other%d", f->dir, i);
		is_ok(lab_create_vault(f->stranger, uri, &psd, id, &e), &e,
		    "a stranger");
	}
}

static tls_handler answer;

static struct tls_server *
start(struct front *f)
{
	char cert[96], key[96];
	const struct tls_spec spec = {"front", "IP:127.0.0.1", 0, 0, cert, key};
	struct tls_server_setup setup = {
	    .cert = cert, .key = key, .handler = answer, .context = f};

	snprintf(cert, sizeof(cert), "%s/cert", f->dir);
	snprintf(key, sizeof(key), "%s/key", f->dir);
	tls_issue(f->tls, &spec);
	return tls_server_start(&setup);
}

void
front_open(struct front *f)
{
	char path[128], token[96];
	struct err e = ERR_INIT;

	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/front.XXXXXX");
	ok(mkdtemp(f->dir) != NULL, "a folder");
	snprintf(path, sizeof(path), "%s/lab", f->dir);
	is_ok(lab_open(path, &f->lab, &e), &e, "lab");
	for (int i = 0; i < FRONT_PSDS; i++)
		make_psd(f, i);
	make_strangers(f);
	is_ok(vault_status(f->psd[0], &f->of_psd, &e), &e, "a PSD");
	snprintf(f->certificates, sizeof(f->certificates), "%s/trust", f->dir);
	mkdir(f->certificates, 0700);
	shell("cp %s/lab/authority.pem %s/", f->dir, f->certificates);
	snprintf(path, sizeof(path), "%s/ca", f->dir);
	f->tls = tls_authority_new("Who certifies fronts", path);
	snprintf(token, sizeof(token), "%s/token", f->dir);
	is_ok(durable_replace(
		  token, FRONT_TOKEN "\n", sizeof(FRONT_TOKEN), 0600, &e),
	    &e, "token");
	pthread_mutex_init(&f->lock, NULL);
	f->fence = 41;
	f->descending = 100000;
	f->life = "operational";
	f->reason = "";
	f->server = start(f);
	snprintf(f->uri, sizeof(f->uri),
	    "https://127.0.0.1:%d/?authority=%s&token=%s",
	    tls_server_port(f->server), path, token);
}

struct tls_server *
front_again(struct front *f, char address[32])
{
	struct tls_server *s = start(f);

	snprintf(address, 32, "127.0.0.1:%d", tls_server_port(s));
	return s;
}

void
front_close(struct front *f)
{
	tls_server_stop(f->server);
	tls_authority_free(f->tls);
	for (int i = 0; i < FRONT_PSDS; i++)
		vault_close(f->psd[i]);
	lab_close(f->lab);
	lab_close(f->stranger);
	pthread_mutex_destroy(&f->lock);
	shell("rm -rf %s%s", f->dir, "");
}

void
front_will(struct front *f, enum front_op op, enum front_fault what, int arg)
{
	size_t n = f->faults[op]++;

	ok(n < 8, "so many faults");
	f->fault[op][n].what = what;
	f->fault[op][n].arg = arg;
}

/* --- saying ------------------------------------------------------------------------ */

static void
say(struct tls_answer *out, struct json *j)
{
	size_t len;

	out->body = json_text(j, &len);
	out->body_len = len;
}

static void
refuse(struct tls_answer *out, int status, const char *kind, const char *detail)
{
	struct json *j = json_new();

	json_put_text(j, "type", "about:blank");
	json_put_text(j, "title", "No");
	json_put_int(j, "status", status);
	json_put_text(j, "detail", detail);
	json_put_text(j, "instance", "0123");
	json_put_text(j, "kind", kind);
	free(out->body);
	say(out, j);
	out->status = status;
	out->type = "application/problem+json";
	if (status == 409 || status == 429 || status == 503)
		out->more = "Retry-After: 0\r\n";
}

static void
put_stamp(struct json *j, const struct front *f, const struct front_stamp *s,
    bool replayed, enum front_fault fault)
{
	uint8_t bytes[INDICIUM_MAX], key[PSD_KEY_BYTES];
	int psd = fault == DO_OTHER_PSD ? 1 - s->psd : s->psd;

	memcpy(bytes, s->stamp.indicium, s->stamp.len);
	memcpy(key, s->stamp.key, sizeof(key));
	if (fault == DO_OTHER_SIGNATURE)
		bytes[s->stamp.len - 1] ^= 1;
	if (fault == DO_OTHER_KEY)
		key[0] ^= 1;
	json_item(j);
	json_put_hex(j, "key", key, sizeof(key));
	json_put_base64(j, "indicium", bytes, s->stamp.len);
	json_put_text(j, "psd", f->id[psd]);
	json_put_bool(j, "replayed", replayed);
	json_end(j);
}

static void
status(struct front *f, enum front_fault fault, struct tls_answer *out)
{
	struct json *j = json_new();

	json_put_text(
	    j, "system", fault == DO_NAME ? "XXUS0000000013" : FRONT_SYSTEM);
	json_put_text(j, "account", "Example Ltd");
	json_put_int(
	    j, "licence", f->of_psd.licence + (fault == DO_LICENCE ? 1 : 0));
	json_put_int(j, "currency", f->of_psd.currency);
	json_put_text(j, "life", f->life);
	json_put_text(j, "reason", f->reason);
	json_put_int(j, "ascending", f->ascending);
	json_put_int(j, "descending", f->descending);
	json_put_int(j, "piece_count", f->pieces);
	json_put_int(j, "min_stamp", 1);
	json_put_int(j, "max_stamp", 100000);
	json_put_int(j, "max_descending", 2000000);
	json_put_int(j, "batch", 32);
	json_put_int(j, "expires", f->of_psd.expires);
	json_put_digits(j, "fence", f->fence);
	json_put_bool(j, "lab", fault != DO_REAL);
	say(out, j);
}

/* --- stamps ------------------------------------------------------------------------ */

static struct front_stamp *
known(struct front *f, const uint8_t key[PSD_KEY_BYTES])
{
	for (size_t i = 0; i < f->stamps; i++)
		if (memcmp(f->stamp[i].stamp.key, key, PSD_KEY_BYTES) == 0)
			return &f->stamp[i];
	return NULL;
}

static bool
read_stamp(struct json *j, size_t i, struct psd_request *out)
{
	uint32_t kind = 0, price_list = 0, label = 0;
	uint64_t sheet = 0;

	json_enter_item(j, "stamps", i);
	json_take_hex(j, "key", true, out->key, PSD_KEY_BYTES);
	json_take_int(j, "amount", true, 0, 16777215, &out->amount);
	json_take_u32(j, "mail_date", true, 0, UINT32_MAX, &out->mail_date);
	json_take_u32(j, "mailby", true, 0, UINT32_MAX, &out->mailby);
	json_take_u32(j, "origin_zip", true, 0, UINT32_MAX, &out->origin_zip);
	json_take_digits(j, "destination", true, UINT64_MAX, &out->destination);
	json_take_u32(j, "sender_zip", true, 0, UINT32_MAX, &out->sender_zip);
	json_take_text(
	    j, "category", true, out->category, sizeof(out->category));
	json_take_u32(j, "kind", true, 0, 2, &kind);
	json_take_u32(j, "price_list", true, 0, UINT16_MAX, &price_list);
	json_take_bool(j, "brief", true, &out->brief);
	json_take_digits(j, "sheet_serial", true, UINT64_MAX, &sheet);
	json_take_u32(j, "label", true, 0, UINT16_MAX, &label);
	json_leave(j);
	out->kind = (uint8_t)kind;
	out->price_list = (uint16_t)price_list;
	out->sheet_serial = sheet;
	out->label = (uint16_t)label;
	return json_good(j);
}

struct order {
	uint64_t fence;
	mils total;
	size_t count;
	struct psd_request in[PSD_BATCH_MAX];
};

static bool
read_order(const struct tls_request *r, struct order *o)
{
	struct err e = ERR_INIT;
	struct json *j;

	memset(o, 0, sizeof(*o));
	if (!json_open(r->body, r->body_len, &j, &e))
		return false;
	json_take_digits(j, "fence", true, UINT64_MAX, &o->fence);
	json_take_int(j, "total", true, 0, INT64_MAX, &o->total);
	o->count = json_count(j, "stamps", true, PSD_BATCH_MAX);
	for (size_t i = 0; i < o->count && read_stamp(j, i, &o->in[i]); i++)
		o->total -= o->in[i].amount;
	return json_close(j, &e) && o->total == 0;
}

/* A real debit, by one PSD and then by the other. */
static void
debit(struct front *f, const struct psd_request *r, enum front_fault fault)
{
	struct front_stamp *s = &f->stamp[f->stamps];
	struct psd_request in = *r;
	struct err e = ERR_INIT;

	if (fault == DO_OTHER_AMOUNT)
		in.amount += 10;
	if (fault == DO_OTHER_PLACE)
		in.destination += 1;
	s->psd = (int)(f->stamps % FRONT_PSDS);
	is_ok(vault_debit(f->psd[s->psd], &in, 1, &s->stamp, &e), &e, "debit");
	s->request = *r;
	f->ascending += r->amount;
	f->descending -= r->amount;
	f->pieces++;
	f->stamps++;
}

static void
indicia(struct front *f, const struct tls_request *r, enum front_fault fault,
    struct tls_answer *out)
{
	bool fresh[PSD_BATCH_MAX] = {false};
	struct order o;
	struct json *j;
	mils sum = 0;

	if (!read_order(r, &o)) {
		refuse(out, 400, "ERR_REQUEST", "not an order");
		return;
	}
	for (size_t i = 0; i < o.count; i++) {
		fresh[i] = known(f, o.in[i].key) == NULL;
		sum += fresh[i] ? o.in[i].amount : 0;
	}
	if (o.fence < f->fence) {
		refuse(out, 409, "ERR_BUSY", "an older fence");
		return;
	}
	if (sum > (f->funds_gone ? 0 : f->descending)) {
		refuse(out, 402, "ERR_FUNDS", "not enough left");
		return;
	}
	for (size_t i = 0; i < o.count; i++)
		if (fresh[i])
			debit(f, &o.in[i], fault);
	j = json_new();
	json_begin_array(j, "stamps");
	for (size_t i = 0; i < o.count - (fault == DO_FEWER ? 1 : 0); i++) {
		struct front_stamp s = *known(f, o.in[i].key);

		if (fault == DO_DOUBLE) {
			s = *known(f, o.in[0].key);
			memcpy(s.stamp.key, o.in[i].key, PSD_KEY_BYTES);
		}
		put_stamp(j, f, &s, !fresh[i], fault);
	}
	json_end(j);
	json_put_int(j, "ascending", f->ascending);
	json_put_int(j, "piece_count", f->pieces);
	say(out, j);
}

static void
find(struct front *f, const struct tls_request *r, enum front_fault fault,
    struct tls_answer *out)
{
	uint8_t key[PSD_KEY_BYTES];
	char hex[2 * PSD_KEY_BYTES + 1];
	struct json *in, *j = json_new();
	struct err e = ERR_INIT;
	size_t count, len;

	is_ok(json_open(r->body, r->body_len, &in, &e), &e, "find");
	count = json_count(in, "keys", true, 100);
	json_put_digits(j, "fence", ++f->fence);
	json_begin_array(j, "stamps");
	for (size_t i = 0; i < count; i++) {
		const struct front_stamp *s;

		json_item_text(in, "keys", i, hex, sizeof(hex));
		ok(bytes_from_hex(hex, key, sizeof(key), &len), hex);
		s = known(f, key);
		if (s == NULL && fault == DO_DOUBLE && i < f->stamps) {
			struct front_stamp other = f->stamp[i];

			memcpy(other.stamp.key, key, sizeof(key));
			put_stamp(j, f, &other, true, fault);
		}
		if (s != NULL)
			put_stamp(j, f, s, true, fault);
	}
	json_end(j);
	is_ok(json_close(in, &e), &e, "find");
	say(out, j);
}

static void
recent(struct front *f, enum front_fault fault, struct tls_answer *out)
{
	size_t first = f->stamps > PSD_RING ? f->stamps - PSD_RING : 0;
	struct json *j = json_new();

	json_begin_array(j, "stamps");
	for (size_t i = first; i < f->stamps; i++)
		put_stamp(j, f, &f->stamp[i], true, fault);
	json_end(j);
	say(out, j);
}

/* --- refunds ------------------------------------------------------------------------ */

static bool
read_refund(
    struct front *f, const struct tls_request *r, struct front_refund *out)
{
	struct err e = ERR_INIT;
	bool all = true;
	struct json *j;

	*out = (struct front_refund){.state = "asked"};
	if (!json_open(r->body, r->body_len, &j, &e))
		return false;
	json_take_text(j, "reason", true, out->reason, sizeof(out->reason));
	out->stamps = (unsigned)json_count(j, "stamps", true, 100);
	for (size_t i = 0; i < out->stamps; i++) {
		const struct front_stamp *s;

		json_enter_item(j, "stamps", i);
		json_take_hex(j, "key", true, out->keys[i], PSD_KEY_BYTES);
		json_leave(j);
		s = json_good(j) ? known(f, out->keys[i]) : NULL;
		all = all && s != NULL;
		out->total += s != NULL ? s->request.amount : 0;
	}
	return json_close(j, &e) && all;
}

/* One refund is enough; the same asked again is the same. */
static void
refund(struct front *f, const struct tls_request *r, enum front_fault fault,
    struct tls_answer *out)
{
	struct front_refund new;
	struct json *j;

	if (strcmp(r->path, "/v1/refunds") == 0) {
		if (!read_refund(f, r, &new)) {
			refuse(out, 400, "ERR_REQUEST", "no such stamp");
			return;
		}
		if (f->refund.stamps != 0 &&
		    (f->refund.stamps != new.stamps ||
			memcmp(f->refund.keys, new.keys, sizeof(new.keys)) !=
			    0)) {
			refuse(out, 403, "ERR_DENIED", "in another refund");
			return;
		}
		if (f->refund.stamps == 0)
			f->refund = new;
	} else if (f->refund.stamps == 0 ||
		   strcmp(r->path, "/v1/refunds/7") != 0) {
		refuse(out, 404, "", "no such refund");
		return;
	}
	j = json_new();
	json_put_int(j, "refund", fault == DO_NAME ? 8 : 7);
	json_put_text(j, "account", "Example Ltd");
	json_put_text(j, "state", f->refund.state);
	json_put_int(j, "stamps", f->refund.stamps);
	json_put_int(
	    j, "total", f->refund.total + (fault == DO_OTHER_AMOUNT ? 10 : 0));
	json_put_text(j, "reason", f->refund.reason);
	json_put_int(j, "made", 1);
	json_put_int(j, "settled", 0);
	json_put_int(j, "approvals", 0);
	json_put_int(j, "needs", 1);
	say(out, j);
}

/* --- the post ------------------------------------------------------------------------ */

static bool
read_look(const struct tls_request *r, struct front_use *out)
{
	struct err e = ERR_INIT;
	struct json *j;

	*out = (struct front_use){.len = 0};
	if (!json_open(r->body, r->body_len, &j, &e))
		return false;
	json_take_base64(
	    j, "indicium", true, out->bytes, sizeof(out->bytes), &out->len);
	json_take_text(j, "place", false, out->place, sizeof(out->place));
	json_take_text(j, "scan", false, out->scan, sizeof(out->scan));
	return json_close(j, &e);
}

/* The same look again is no second one. */
static void
post(struct front *f, const struct tls_request *r, enum front_fault fault,
    struct tls_answer *out)
{
	bool cancels = strcmp(r->path, "/v1/cancel") == 0, again;
	struct front_use look;
	struct json *j;

	if (!read_look(r, &look) || cancels != (look.scan[0] != '\0')) {
		refuse(out, 400, "ERR_REQUEST", "not a look");
		return;
	}
	again = f->used.len == look.len && look.len > 0 &&
		memcmp(f->used.bytes, look.bytes, look.len) == 0 &&
		strcmp(f->used.scan, look.scan) != 0;
	if (cancels && f->used.len == 0)
		f->used = look;
	j = json_new();
	json_put_text(j, "verdict",
	    fault == DO_NAME ? "SPLENDID"
	    : again	     ? "DUPLICATE"
			     : "VALID");
	json_put_text(j, "why", again ? "first seen\n\x1b[2J" : "");
	json_put_text(j, "psd", f->id[0]);
	if (again) {
		json_begin_object(j, "first");
		json_put_int(j, "at", 1795000000999);
		json_put_text(j, "place", f->used.place);
		json_end(j);
	}
	say(out, j);
}

static void
certificate(struct front *f, const char *id, enum front_fault fault,
    struct tls_answer *out)
{
	uint8_t pem[CERT_PEM_MAX], der[CERT_MAX];
	struct cert *c = NULL;
	struct err e = ERR_INIT;
	char path[160];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/%s%s.pem", f->dir,
	    fault == DO_STRANGER ? "stranger" : "lab",
	    strcmp(id, "XX") == 0 ? "" : "psd/",
	    strcmp(id, "XX") == 0 ? "provider" : id);
	if (!durable_read(path, pem, sizeof(pem), &len, &e) ||
	    !cert_parse(pem, len, &c, &e)) {
		refuse(out, 404, "", "no such certificate");
		return;
	}
	is_ok(cert_der(c, der, sizeof(der), &len, &e), &e, path);
	cert_free(c);
	out->type = "application/pkix-cert";
	out->body = malloc(len);
	memcpy(out->body, der, len);
	out->body_len = len;
}

/* --- one request -------------------------------------------------------------------- */

static enum front_op
op_of(const struct tls_request *r)
{
	if (strcmp(r->path, "/v1/vault") == 0)
		return AT_STATUS;
	if (strcmp(r->path, "/v1/vault/indicia") == 0)
		return AT_INDICIA;
	if (strcmp(r->path, "/v1/vault/find") == 0)
		return AT_FIND;
	if (strcmp(r->path, "/v1/vault/recent") == 0)
		return AT_RECENT;
	if (strncmp(r->path, "/v1/refunds", 11) == 0)
		return AT_REFUND;
	if (strcmp(r->path, "/v1/verify") == 0 ||
	    strcmp(r->path, "/v1/cancel") == 0)
		return AT_POST;
	return AT_CERT;
}

static void
obey(struct front *f, enum front_op op, const struct tls_request *r,
    enum front_fault fault, struct tls_answer *out)
{
	switch (op) {
	case AT_STATUS: status(f, fault, out); break;
	case AT_INDICIA: indicia(f, r, fault, out); break;
	case AT_FIND: find(f, r, fault, out); break;
	case AT_RECENT: recent(f, fault, out); break;
	case AT_REFUND: refund(f, r, fault, out); break;
	case AT_POST: post(f, r, fault, out); break;
	default: certificate(f, strrchr(r->path, '/') + 1, fault, out);
	}
}

static void
answer(void *context, const struct tls_request *r, struct tls_answer *out)
{
	struct front *f = context;
	enum front_op op = op_of(r);
	enum front_fault fault = DO_WELL;
	int arg = 0;

	atomic_fetch_add(&f->asked[op], 1);
	pthread_mutex_lock(&f->lock);
	if (f->done[op] < f->faults[op]) {
		fault = f->fault[op][f->done[op]].what;
		arg = f->fault[op][f->done[op]++].arg;
	}
	if (fault == DO_LATE) {
		pthread_mutex_unlock(&f->lock);
		usleep((useconds_t)arg * 1000);
		pthread_mutex_lock(&f->lock);
	}
	if (op != AT_CERT &&
	    strstr(r->head, "Authorization: Bearer " FRONT_TOKEN "\r\n") ==
		NULL)
		refuse(out, 401, "ERR_DENIED", "no such token");
	else if (fault == DO_CUT_BEFORE)
		out->fault = TLS_CUT;
	else if (fault == DO_SAY)
		refuse(out, arg, "", "as told");
	else
		obey(f, op, r, fault, out);
	pthread_mutex_unlock(&f->lock);
	if (fault == DO_CUT_AFTER)
		out->fault = TLS_CUT;
	if (fault == DO_SAY_AFTER || fault == DO_OTHER_PLACE)
		refuse(out, arg, "", "as told");
	if (fault == DO_TRUNCATE)
		out->body_len /= 2;
	if (fault == DO_NOT_JSON)
		memset(out->body, '<', out->body_len);
}
