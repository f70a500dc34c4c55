/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/shop.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "stamp/cert.h"
#include "tests/test.h"
#include "vault/file.h"
#include "vault/message.h"
#include "vault/vault.h"

#define EXPIRES 20991231

char shop_findings[4096];

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ok(f != NULL, path);
	fputs(text, f);
	fclose(f);
}

static const char *
in_shop(const struct shop *s, const char *name)
{
	static char path[2][160];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[0]), "%s/%s", s->dir, name);
	return path[turn];
}

/* Removes what is in the folder; `keep` = its sub-folders and configuration. */
static void
empty_folder(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[512];

	while (d && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (unlink(path) != 0) {
			empty_folder(path);
			rmdir(path);
		}
	}
	if (d)
		closedir(d);
}

static struct cert *
issue(struct cert_spec spec)
{
	struct err e = ERR_INIT;
	struct cert *c = NULL;

	spec.not_before = 20200101;
	spec.not_after = EXPIRES;
	is_ok(cert_issue(&spec, &c, &e), &e, spec.name);
	return c;
}

static void
make_vault(struct shop *s, const char *pin)
{
	struct vault_file_setup setup = {.psd = {.vendor = "XX",
					     .model = "PS",
					     .serial = 1234567,
					     .cert_serial = 3,
					     .licence = 42,
					     .min_stamp = 10,
					     .max_stamp = 100000,
					     .max_descending = 4000000,
					     .expires = EXPIRES}};
	struct cert *authority, *provider, *psd;
	struct sig_key *root, *key;
	struct err e = ERR_INIT;
	uint8_t der[SIG_KEY_MAX];
	size_t len;

	is_ok(sig_generate(&root, &e), &e, "key");
	is_ok(sig_generate(&s->provider, &e), &e, "key");
	is_ok(sig_generate(&key, &e), &e, "key");
	authority = issue((struct cert_spec){.rank = CERT_AUTHORITY,
	    .name = "Lab Authority",
	    .id = "",
	    .serial = 1,
	    .key = root,
	    .sign = root});
	provider = issue((struct cert_spec){.rank = CERT_PROVIDER,
	    .name = "Lab Provider",
	    .id = "XX",
	    .serial = 2,
	    .key = s->provider,
	    .issuer = authority,
	    .sign = root});
	psd = issue((struct cert_spec){.rank = CERT_PSD,
	    .name = "Lab PSD",
	    .id = "XXPS0001234567",
	    .serial = 3,
	    .key = key,
	    .issuer = provider,
	    .sign = s->provider});
	is_ok(sig_store_public(s->provider, der, sizeof(der), &len, &e), &e,
	    "provider's key");
	memcpy(setup.psd.provider_key, der + len - PSD_POINT, PSD_POINT);
	setup.key = key;
	setup.cert = psd;
	setup.pin = pin;
	is_ok(
	    vault_file_create(s->settings.vault_uri, &setup, &e), &e, "create");
	cert_free(authority);
	cert_free(provider);
	cert_free(psd);
	sig_free(root);
	sig_free(key);
}

void
shop_refill(struct shop *s, mils value)
{
	struct download_request request;
	struct download_answer answer = {.audit_due = 0};
	uint8_t msg[PSD_MESSAGE_MAX], receipt[PSD_MESSAGE_MAX];
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	size_t len, receipt_len;
	char pin[64] = "";

	is_ok(vault_open(s->settings.vault_uri, 1000, &v, &e), &e, "open");
	if (s->settings.pin_file[0]) {
		is_ok(durable_read(
			  s->settings.pin_file, pin, sizeof(pin) - 1, &len, &e),
		    &e, "PIN");
		is_ok(vault_unlock(v, pin, &e), &e, "unlock");
	}
	is_ok(vault_download_request(v, value, msg, &len, &e), &e, "request");
	is_ok(message_get_request(msg, len, &request, &e), &e, "parse");
	answer.psd = request.psd;
	answer.sequence = request.sequence + 1;
	answer.control_before = request.control_total;
	answer.amount = request.amount;
	len = message_put_answer(&answer, msg);
	is_ok(sig_sign(s->provider, msg, len, msg + len, &e), &e, "sign");
	is_ok(vault_download_apply(
		  v, msg, len + SIG_BYTES, receipt, &receipt_len, &e),
	    &e, "apply");
	vault_close(v);
}

static void
configure(struct shop *s, const char *pin, const char *extra)
{
	struct err e = ERR_INIT;
	char text[4096];

	snprintf(text, sizeof(text),
	    "[vault]\nuri = file:%s/vault\n%s%s%s"
	    "[daemon]\nstate-dir = %s\nrun-dir = %s\nwait = 20\n"
	    "[mail]\nrates = %s/rates.tsv\norigin = 10001\n"
	    "origin-place = Lab NY\n%s",
	    s->dir, pin ? "pin-file = " : "", pin ? s->dir : "",
	    pin ? "/pin\n" : "", s->dir, s->dir, s->dir, extra);
	write_file(in_shop(s, "postage.conf"), text);
	write_file(in_shop(s, "rates.tsv"),
	    "2025-07-13\t7\tletter\t1oz\t0.74\tFCLM\tFirst-Class Letter\n"
	    "2025-07-13\t7\tletter\t2oz\t1.03\tFCLM\tFirst-Class Letter\n"
	    "2025-07-13\t7\t.square\t-\t0.10\tSURC\tSquare\n"
	    "2025-07-13\t7\t.sure\t-\t2.00\tSURC\tSure\n"
	    "2026-12-01\t8\tletter\t1oz\t0.80\tFCLM\tFirst-Class Letter\n");
	if (pin)
		write_file(in_shop(s, "pin"), pin);
	is_ok(settings_load(in_shop(s, "postage.conf"), &s->settings, &e), &e,
	    "settings");
}

static const char *
vault_path(const struct shop *s)
{
	return in_shop(s, "vault/psd.vault");
}

void
shop_open(struct shop *s, mils value, const char *pin, const char *extra)
{
	struct err e = ERR_INIT;

	memset(s, 0, sizeof(*s));
	setenv("TZ", "UTC", 1);
	snprintf(s->dir, sizeof(s->dir), "%.40s/t_shop.XXXXXX",
	    getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	ok(mkdtemp(s->dir) != NULL, "folder");
	snprintf(s->journal, sizeof(s->journal), "%s/journal.db", s->dir);
	configure(s, pin, extra ? extra : "");
	make_vault(s, pin);
	if (value > 0)
		shop_refill(s, value);
	is_ok(durable_read(
		  vault_path(s), s->vault, sizeof(s->vault), &s->vault_len, &e),
	    &e, "vault file");
}

void
shop_close(struct shop *s)
{
	sig_free(s->provider);
	empty_folder(s->dir);
	rmdir(s->dir);
}

void
shop_reset(struct shop *s)
{
	static const char *const files[] = {
	    "journal.db", "journal.db-wal", "journal.db-shm"};
	FILE *f;

	for (int i = 0; i < 3; i++)
		unlink(in_shop(s, files[i]));
	empty_folder(in_shop(s, "spool"));
	f = fopen(vault_path(s), "r+e");
	ok(f && fwrite(s->vault, 1, s->vault_len, f) == s->vault_len,
	    "vault file");
	fclose(f);
}

struct psd_status
shop_registers(struct shop *s)
{
	struct psd_status status = {.serial = 0};
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	is_ok(vault_open(s->settings.vault_uri, 1000, &v, &e), &e, "open");
	is_ok(vault_status(v, &status, &e), &e, "status");
	vault_close(v);
	return status;
}

struct journal *
shop_journal(struct shop *s)
{
	struct journal *j = NULL;
	struct err e = ERR_INIT;

	is_ok(journal_open(s->journal, true, 1000, &j, &e), &e, "journal");
	return j;
}

static void
collect(void *context, const char *sentence)
{
	(void)context;
	if (strlen(shop_findings) + strlen(sentence) + 2 <
	    sizeof(shop_findings)) {
		strcat(shop_findings, sentence);
		strcat(shop_findings, "\n");
	}
}

size_t
shop_check(struct shop *s)
{
	struct psd_status psd = shop_registers(s);
	struct journal *j = shop_journal(s);
	struct err e = ERR_INIT;
	size_t count = 0;

	shop_findings[0] = '\0';
	is_ok(
	    journal_check(j, &psd, 1, collect, NULL, &count, &e), &e, "check");
	journal_close(j);
	return count;
}

struct dispense *
shop_spender(struct shop *s, time_t now)
{
	struct dispense *d = NULL;
	struct err e = ERR_INIT;

	is_ok(dispense_open(&s->settings, &d, &e), &e, "dispense_open");
	dispense_set_time(d, now);
	return d;
}
