/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/vault.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "tests/test.h"
#include "vault/download.h"
#include "vault/file.h"
#include "vault/file_image.h"
#include "vault/lab.h"
#include "vault/message.h"
#include "vault/pin.h"
#include "vault/slots.h"

static char dir[] = "/tmp/t_vault.XXXXXX";
static char lab_dir[64];
static struct lab *lab;
static int made;

/* A new vault; `uri` and the file's `path` are filled. */
static void
create(char uri[128], char path[128], const char *pin, mils value)
{
	struct lab_psd psd;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char id[PSD_ID];

	snprintf(uri, 128, "file:%s/v%d", dir, ++made);
	snprintf(path, 128, "%s/v%d/psd.vault", dir, made);
	lab_defaults(&psd);
	psd.pin = pin;
	is_ok(lab_create_vault(lab, uri, &psd, id, &e), &e, "create");
	if (value == 0)
		return;
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	if (pin != NULL)
		is_ok(vault_unlock(v, pin, &e), &e, "unlock");
	is_ok(lab_refill(lab, v, value, &e), &e, "refill");
	vault_close(v);
}

static struct psd_request
request(uint32_t n, mils amount)
{
	struct psd_request r = {.amount = amount,
	    .mail_date = date_local(time(NULL)),
	    .category = "FCL1"};

	memcpy(r.key, &n, sizeof(n));
	return r;
}

static mils
spent(const char *uri)
{
	struct vault *v = NULL;
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.ascending + s.descending, s.control_total, "the sum");
	vault_close(v);
	return s.ascending;
}

static void
a_uri_names_its_home(void **state)
{
	char path[128];
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(vault_file_path("file:/a/b", path, sizeof(path), &e), &e, "path");
	is_str(path, "/a/b/psd.vault", "a folder");
	is_ok(vault_file_path("file:/a/b.vault", path, sizeof(path), &e), &e,
	    "path");
	is_str(path, "/a/b.vault", "a file");
	ok(!vault_open("floppy:a", 0, &v, &e), "unknown home");
	is_err(&e, ERR_CONFIG, "unknown home");
	ok(!vault_open("file:", 0, &v, &e), "no name");
	is_err(&e, ERR_CONFIG, "no name");
	ok(!vault_open("file", 0, &v, &e), "no scheme");
	ok(!vault_open("remote://me:secret@host/x", 0, &v, &e), "not yet");
	ok(strstr(e.text, "secret") == NULL, "no secret in a message");
}

static void
a_vault_that_is_not_there_is_absent(void **state)
{
	char uri[128], path[128];
	struct vault *v = NULL;
	struct psd_status s;
	struct err e = ERR_INIT;
	struct lab_psd psd;
	char id[PSD_ID];

	(void)state;
	ok(!vault_open("file:/nowhere/at/all", 0, &v, &e), "no folder");
	is_err(&e, ERR_ABSENT, "no folder");
	ok(strstr(e.text, "postage vault create") != NULL, "says what to do");
	create(uri, path, NULL, 0);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_int(unlink(path), 0, "the medium is taken out");
	ok(!vault_status(v, &s, &e), "status");
	is_err(&e, ERR_ABSENT, "status");
	vault_close(v);
	lab_defaults(&psd);
	ok(!lab_create_vault(lab, "file:/nowhere/at/all", &psd, id, &e),
	    "a folder above that is missing is not made up");
	is_err(&e, ERR_ABSENT, "a folder above that is missing");
}

static void
a_medium_with_another_psd_is_noticed(void **state)
{
	char uri[128], path[128], other_uri[128], other[128];
	struct vault *v = NULL;
	struct psd_status s;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, NULL, 0);
	create(other_uri, other, NULL, 0);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_int(rename(other, path), 0, "the medium is changed");
	ok(!vault_status(v, &s, &e), "status");
	is_err(&e, ERR_ABSENT, "status");
	vault_close(v);
}

static void
no_vault_is_made_over_another(void **state)
{
	char uri[128], path[128], id[PSD_ID];
	struct lab_psd psd;
	struct stat st;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, NULL, 1000);
	lab_defaults(&psd);
	ok(!lab_create_vault(lab, uri, &psd, id, &e), "again");
	is_err(&e, ERR_REQUEST, "again");
	is_int(stat(path, &st), 0, "stat");
	is_int(st.st_mode & 0777, 0600, "for its owner alone");
}

static void
a_debit_outlives_the_opening(void **state)
{
	char uri[128], path[128];
	struct psd_request r = request(1, 780), missing = request(2, 1);
	struct psd_stamp first, again;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	create(uri, path, NULL, 10000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_debit(v, &r, 1, &first, &e), &e, "debit");
	vault_close(v);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_debit(v, &r, 1, &again, &e), &e, "debit again");
	ok(again.replayed, "replayed");
	is_mem(again.indicium, first.indicium, first.len, "the same bytes");
	is_ok(vault_find(v, r.key, &again, &found, &e), &e, "find");
	ok(found, "found");
	is_ok(vault_find(v, missing.key, &again, &found, &e), &e, "find");
	ok(!found, "not found is no error");
	vault_close(v);
	is_int(spent(uri), 780, "debited once");
}

static void
the_certificate_verifies_the_stamp(void **state)
{
	char uri[128], path[128];
	uint8_t der[CERT_MAX];
	struct psd_request r = request(1, 780);
	struct psd_stamp s;
	struct cert *cert = NULL;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	create(uri, path, NULL, 1000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	is_ok(vault_certificate(v, der, sizeof(der), &len, &e), &e, "DER");
	is_ok(cert_parse(der, len, &cert, &e), &e, "parse");
	ok(sig_verify(
	       cert_key(cert), s.indicium, s.len - 64, s.indicium + s.len - 64),
	    "signature");
	ok(!vault_certificate(v, der, 10, &len, &e), "too small a buffer");
	cert_free(cert);
	vault_close(v);
}

static void
a_pin_guards_the_key(void **state)
{
	char uri[128], path[128];
	struct psd_request r = request(1, 780);
	struct psd_stamp s;
	struct psd_status status;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, "2468", 1000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_debit(v, &r, 1, &s, &e), "without the PIN");
	is_err(&e, ERR_DENIED, "without the PIN");
	ok(!vault_unlock(v, "1357", &e), "wrong");
	is_err(&e, ERR_DENIED, "wrong");
	ok(strstr(e.text, "4 tries left") != NULL, "says how many");
	ok(!vault_unlock(v, "", &e), "empty");
	is_ok(vault_status(v, &status, &e), &e, "status");
	is_int(status.pin_tries_left, 3, "an empty PIN is a try, too");
	is_ok(vault_unlock(v, "2468", &e), &e, "right");
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "with the PIN");
	is_ok(vault_status(v, &status, &e), &e, "status");
	is_int(status.pin_tries_left, PSD_PIN_TRIES, "tries are back");
	vault_close(v);
}

static void
five_wrong_pins_block_the_right_one(void **state)
{
	char uri[128], path[128];
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, "2468", 0);
	for (int i = 0; i < PSD_PIN_TRIES; i++) {
		is_ok(vault_open(uri, 0, &v, &e), &e, "open");
		ok(!vault_unlock(v, "no", &e), "wrong");
		vault_close(v);
	}
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_unlock(v, "2468", &e), "right, too late");
	is_err(&e, ERR_DENIED, "right, too late");
	ok(strstr(e.text, "blocked") != NULL, "says so");
	vault_close(v);
}

static bool
holds(const char *path, const uint8_t *bytes, size_t len)
{
	static uint8_t file[SLOTS_BYTES];
	struct err e = ERR_INIT;
	size_t size;

	is_ok(durable_read(path, file, sizeof(file), &size, &e), &e, "read");
	return memmem(file, size, bytes, len) != NULL;
}

static void
a_changed_pin_leaves_nothing_of_the_old(void **state)
{
	char uri[128], path[128];
	uint8_t box[SIG_SCALAR];
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	create(uri, path, NULL, 0);
	fd = open(path, O_RDONLY);
	is_int(pread(fd, box, sizeof(box), 20 + 2 + 16 + 12), sizeof(box),
	    "the bare key");
	close(fd);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_change_pin(v, NULL, "1", &e), "too short");
	is_err(&e, ERR_REQUEST, "too short");
	ok(holds(path, box, sizeof(box)), "it stands there");
	is_ok(vault_change_pin(v, NULL, "2468", &e), &e, "a PIN");
	ok(!holds(path, box, sizeof(box)), "it stands in no slot");
	ok(!vault_change_pin(v, "1111", "9999", &e), "the old one is wrong");
	is_err(&e, ERR_DENIED, "the old one is wrong");
	is_ok(vault_change_pin(v, "2468", "9999", &e), &e, "another");
	ok(!vault_unlock(v, "2468", &e), "the old one");
	is_ok(vault_unlock(v, "9999", &e), &e, "the new one");
	is_ok(vault_change_pin(v, "9999", "", &e), &e, "none");
	ok(holds(path, box, sizeof(box)), "the key is bare again");
	vault_close(v);
}

static void
a_vault_in_use_is_busy(void **state)
{
	char uri[128], path[128];
	struct psd_status s;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	create(uri, path, NULL, 0);
	is_ok(vault_open(uri, 20, &v, &e), &e, "open");
	fd = open(path, O_RDWR);
	is_int(flock(fd, LOCK_EX), 0, "somebody else");
	ok(!vault_status(v, &s, &e), "busy");
	is_err(&e, ERR_BUSY, "busy");
	close(fd);
	is_ok(vault_status(v, &s, &e), &e, "free again");
	vault_close(v);
}

static void
spoil(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);

	is_int(pwrite(fd, "????", 4, at), 4, "spoil");
	close(fd);
}

static void
a_torn_slot_is_made_whole_by_the_next_writer(void **state)
{
	char uri[128], path[128];
	struct psd_request r = request(1, 780);
	struct psd_stamp s;
	struct vault *v = NULL;
	struct slots slots;
	uint8_t image[FILE_IMAGE_BYTES];
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	create(uri, path, NULL, 1000);
	spoil(path, SLOT_BYTES + 100); /* the older one */
	is_int(spent(uri), 0, "one slot is enough");
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	vault_close(v);
	fd = open(path, O_RDWR);
	is_ok(slots_read(&slots, fd, image, sizeof(image), &e), &e, "read");
	ok(!slots.torn, "both are whole");
	close(fd);
	spoil(path, 100);
	spoil(path, SLOT_BYTES + 100);
	ok(!vault_open(uri, 0, &v, &e), "both bad");
	is_err(&e, ERR_CORRUPT, "both bad");
}

static void
a_key_that_is_not_the_certificates_is_refused(void **state)
{
	char uri[128], path[128];
	struct psd_request r = request(1, 780);
	struct vault_file_setup setup = {.pin = NULL};
	struct psd_stamp s;
	struct sig_key *key = NULL, *other = NULL;
	struct cert *cert = NULL;
	struct cert_spec spec = {.rank = CERT_AUTHORITY,
	    .name = "not the key's",
	    .id = "",
	    .serial = 1,
	    .not_before = 20200101,
	    .not_after = 20300101};
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	snprintf(uri, sizeof(uri), "file:%s/mixed.vault", dir);
	snprintf(path, sizeof(path), "%s/mixed.vault", dir);
	is_ok(sig_generate(&key, &e), &e, "key");
	is_ok(sig_generate(&other, &e), &e, "key");
	spec.key = spec.sign = other;
	is_ok(cert_issue(&spec, &cert, &e), &e, "certificate");
	setup.key = key;
	setup.cert = cert;
	setup.psd = (struct psd_setup){.vendor = "XX",
	    .model = "PS",
	    .expires = 20300101,
	    .max_stamp = 1000,
	    .provider_key = {4}};
	is_ok(vault_file_create(uri, &setup, &e), &e, "create");
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_debit(v, &r, 1, &s, &e), "debit");
	is_err(&e, ERR_CORRUPT, "debit");
	vault_close(v);
	cert_free(cert);
	sig_free(key);
	sig_free(other);
}

static void
the_lab_answers_a_number_once(void **state)
{
	char uri[128], path[128];
	uint8_t request_[PSD_MESSAGE_MAX], first[PSD_MESSAGE_MAX];
	uint8_t again[PSD_MESSAGE_MAX], receipt[PSD_MESSAGE_MAX];
	size_t request_len, first_len, again_len, receipt_len;
	struct psd_status s;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, NULL, 0);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_download_request(v, 5000, request_, &request_len, &e), &e,
	    "request");
	is_ok(lab_answer(lab, request_, request_len, first, &first_len, &e), &e,
	    "answer");
	is_ok(vault_download_request(v, 9000, request_, &request_len, &e), &e,
	    "another request");
	is_ok(lab_answer(lab, request_, request_len, again, &again_len, &e), &e,
	    "answer");
	is_int(again_len, first_len, "the same answer");
	is_mem(again, first, first_len, "the same answer");
	for (int i = 0; i < 2; i++)
		is_ok(vault_download_apply(
			  v, first, first_len, receipt, &receipt_len, &e),
		    &e, "apply");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.control_total, 5000, "once");
	request_[10] ^= 1;
	ok(!lab_answer(lab, request_, request_len, again, &again_len, &e),
	    "a request that was changed");
	is_err(&e, ERR_DENIED, "a request that was changed");
	vault_close(v);
}

static void
the_labs_orders_lock_and_end_a_psd(void **state)
{
	char uri[128], path[128];
	uint8_t msg[PSD_MESSAGE_MAX], nonce[PSD_NONCE] = {7};
	size_t len;
	struct psd_status s;
	struct psd_stamp stamp;
	struct psd_request r = request(1, 780);
	struct psd_report report;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, NULL, 5000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	/* An answer that was given and waits goes first. */
	is_ok(vault_download_request(v, 1000, msg, &len, &e), &e, "request");
	is_ok(lab_answer(lab, msg, len, msg, &len, &e), &e, "answer");
	is_ok(lab_order(lab, v, ORDER_WITHHOLD, &e), &e, "lock");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.life, PSD_LOCKED, "locked");
	is_int(s.descending, 6000, "the value that waited came first");
	ok(!vault_debit(v, &r, 1, &stamp, &e), "no stamps");
	is_err(&e, ERR_DENIED, "no stamps");
	is_ok(lab_order(lab, v, 0, &e), &e, "unlock");
	is_ok(vault_debit(v, &r, 1, &stamp, &e), &e, "stamps");
	is_ok(lab_order(lab, v, ORDER_WITHDRAW, &e), &e, "withdraw");
	ok(!lab_order(lab, v, 0, &e), "it does not come back");
	is_err(&e, ERR_DENIED, "it does not come back");
	is_ok(vault_audit(v, nonce, msg, &len, &e), &e, "the last account");
	is_ok(message_get_report(msg, len, &report, &e), &e, "report");
	is_int(report.life, PSD_WITHDRAWN, "says that it is the last");
	is_int(report.control_total - report.ascending, 5220, "what is left");
	vault_close(v);
}

static void
a_pin_that_opens_the_key_has_no_puk(void **state)
{
	char uri[128], path[128], id[PSD_ID];
	struct lab_psd psd;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	create(uri, path, "2468", 0);
	ok(!vault_has_puk(uri), "a file");
	ok(vault_has_puk("card:"), "a card");
	ok(!vault_has_puk("floppy:a"), "no home");
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_unblock(v, "12345678", "9999", &e), "unblock");
	is_err(&e, ERR_CONFIG, "unblock");
	ok(strstr(vault_caution(v), "copied") != NULL,
	    "what it cannot promise");
	vault_close(v);
	lab_defaults(&psd);
	psd.pin = "2468";
	psd.puk = "12345678";
	ok(!lab_create_vault(lab, "file:/tmp/t_vault.none", &psd, id, &e),
	    "one that shall have it");
	is_err(&e, ERR_CONFIG, "one that shall have it");
}

/* The vaults that were told. */
struct told {
	int count, known;
	char uri[8][VAULT_URI_MAX], holds[8][VAULT_PLACE];
};

static void
tell(void *context, const struct vault_place *place)
{
	struct told *t = context;

	ok(t->count < 8, "not too many");
	strcpy(t->uri[t->count], place->uri);
	strcpy(t->holds[t->count++], place->holds);
	t->known += place->known;
}

static void
a_folder_is_looked_through(void **state)
{
	char folder[64], a[128], b[128], c[128], from[128], uri[128];
	struct told t = {.count = 0};
	struct err e = ERR_INIT;

	(void)state;
	create(uri, from, NULL, 5000);
	snprintf(folder, sizeof(folder), "%s/look", dir);
	snprintf(a, sizeof(a), "%s/a", folder);
	snprintf(b, sizeof(b), "%s/a/psd.vault", folder);
	snprintf(c, sizeof(c), "%s/c.vault", folder);
	is_int(mkdir(folder, 0700) | mkdir(a, 0700), 0, "folders");
	is_int(rename(from, b), 0, "one in a folder");
	is_ok(durable_replace(c, "junk", 4, 0600, &e), &e, "one that is none");
	snprintf(c, sizeof(c), "%s/.hidden.vault", folder);
	is_ok(durable_replace(c, "junk", 4, 0600, &e), &e, "hidden");
	snprintf(c, sizeof(c), "%s/b.vault", folder);
	is_int(symlink(b, c) | mkdir(strcat(a, "/empty"), 0700), 0, "others");
	snprintf(c, sizeof(c), "%s/d.vault", folder);
	is_int(mkfifo(c, 0600), 0, "one that would wait for ever");
	vault_file_look(folder, tell, &t);
	is_int(t.count, 2, "two");
	is_int(t.known, 1, "one of them is a vault");
	snprintf(a, sizeof(a), "file:%s/a", folder);
	snprintf(c, sizeof(c), "file:%s/c.vault", folder);
	is_str(t.uri[0], a, "a folder");
	is_str(t.uri[1], c, "a file");
	ok(strstr(t.holds[1], "damaged") != NULL, "what is wrong with it");
	vault_file_look("/nowhere/at/all", tell, &t);
	is_int(t.count, 2, "nothing of a folder that is not there");
}

static mils
control_total(struct vault *v)
{
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(v, &s, &e), &e, "status");
	return s.control_total;
}

/* A download of another kind comes between any two steps of the credit. */
static void
a_refund_is_credited_once(void **state)
{
	char uri[128], path[128], mark[128];
	uint8_t msg[PSD_MESSAGE_MAX], answer[PSD_MESSAGE_MAX];
	struct lab_granted what = {.number = 1, .amount = 780};
	struct message_psd psd;
	struct psd_status s;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char id[PSD_ID];
	uint32_t sequence;
	size_t len;

	(void)state;
	create(uri, path, NULL, 5000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_status(v, &s, &e), &e, "status");
	psd.serial = s.serial;
	memcpy(psd.vendor, s.vendor, sizeof(psd.vendor));
	memcpy(psd.model, s.model, sizeof(psd.model));
	what.id = message_psd_id(&psd, id);
	/* An answer that nobody fetched yet: its value is not the refund's. */
	is_ok(vault_download_request(v, 3000, msg, &len, &e), &e, "request");
	is_ok(lab_answer(lab, msg, len, answer, &len, &e), &e, "answer");
	for (int i = 0; i < 2; i++) {
		is_ok(lab_credit(lab, v, &what, &sequence, &e), &e, "credit");
		is_int(sequence, 3, "its number");
		is_int(control_total(v), 8780, "once");
	}
	is_ok(lab_refill(lab, v, 0, &e), &e, "audit");
	is_ok(lab_credit(lab, v, &what, &sequence, &e), &e, "later");
	is_int(control_total(v), 8780, "still once");
	/* Promised, and cut off there: another download takes the number. */
	what.number = 2;
	is_ok(vault_download_request(v, 780, msg, &len, &e), &e, "request");
	is_ok(lab_answer(lab, msg, len, answer, &len, &e), &e, "answer");
	snprintf(mark, sizeof(mark), "%s/answers/%s-5", lab_dir, id);
	snprintf(path, sizeof(path), "%s/refunds/%s-2-credit", lab_dir, id);
	is_int(rename(mark, path), 0, "promised");
	is_ok(lab_refill(lab, v, 780, &e), &e, "refill");
	is_int(control_total(v), 9560, "refill");
	is_ok(lab_credit(lab, v, &what, &sequence, &e), &e, "credit");
	is_int(sequence, 6, "the next number");
	is_int(control_total(v), 10340, "and not lost");
	vault_close(v);
}

static void
an_audit_is_signed_for_the_nonce(void **state)
{
	char uri[128], path[128];
	const uint8_t nonce[16] = {1, 2, 3};
	uint8_t msg[PSD_MESSAGE_MAX];
	struct psd_report report;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	create(uri, path, NULL, 1000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	is_ok(vault_audit(v, nonce, msg, &len, &e), &e, "audit");
	is_ok(message_get_report(msg, len, &report, &e), &e, "report");
	is_mem(report.nonce, nonce, sizeof(nonce), "nonce");
	is_int(report.control_total, 1000, "control total");
	vault_close(v);
}

static void
a_pin_file_gives_its_first_line(void **state)
{
	char path[128], pin[PIN_BYTES];
	struct err e = ERR_INIT;

	(void)state;
	snprintf(path, sizeof(path), "%s/pin", dir);
	is_ok(durable_replace(path, "2468\r\nrest", 6, 0600, &e), &e, "write");
	is_ok(pin_read(path, pin, &e), &e, "read");
	is_str(pin, "2468", "the line");
	is_ok(pin_read("", pin, &e), &e, "none");
	is_str(pin, "", "none");
	is_ok(durable_replace(path, "\n", 1, 0600, &e), &e, "write");
	ok(!pin_read(path, pin, &e), "an empty line");
	is_err(&e, ERR_CONFIG, "an empty line");
	is_int(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0, "systemd");
	is_ok(durable_replace(path, "1357", 4, 0600, &e), &e, "write");
	is_ok(pin_read("credential:pin", pin, &e), &e, "credential");
	is_str(pin, "1357", "credential");
	ok(!pin_read("credential:../pin", pin, &e), "no way out");
	is_int(unsetenv("CREDENTIALS_DIRECTORY"), 0, "no systemd");
	ok(!pin_read("credential:pin", pin, &e), "without systemd");
}

static int
open_lab(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(lab_dir, sizeof(lab_dir), "%s/lab", dir);
	return lab_open(lab_dir, &lab, &e) ? 0 : -1;
}

static int
close_lab(void **state)
{
	char command[64];

	(void)state;
	lab_close(lab);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(a_uri_names_its_home),
	    T(a_vault_that_is_not_there_is_absent),
	    T(a_medium_with_another_psd_is_noticed),
	    T(no_vault_is_made_over_another), T(a_debit_outlives_the_opening),
	    T(the_certificate_verifies_the_stamp), T(a_pin_guards_the_key),
	    T(five_wrong_pins_block_the_right_one),
	    T(a_changed_pin_leaves_nothing_of_the_old),
	    T(a_vault_in_use_is_busy),
	    T(a_torn_slot_is_made_whole_by_the_next_writer),
	    T(a_key_that_is_not_the_certificates_is_refused),
	    T(the_lab_answers_a_number_once),
	    T(the_labs_orders_lock_and_end_a_psd),
	    T(a_pin_that_opens_the_key_has_no_puk),
	    T(a_folder_is_looked_through), T(a_refund_is_credited_once),
	    T(an_audit_is_signed_for_the_nonce),
	    T(a_pin_file_gives_its_first_line)};

	return cmocka_run_group_tests(tests, open_lab, close_lab);
}
