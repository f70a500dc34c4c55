/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hsm_help.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "tests/test.h"

char hsm_folder[64], hsm_said[8192];

static struct lab *lab;
static int made;

const char *
hsm_help_module(void)
{
	static const char *const places[] = {"/usr/lib/softhsm/libsofthsm2.so",
	    "/usr/lib64/pkcs11/libsofthsm2.so",
	    "/usr/lib64/softhsm/libsofthsm.so"};

	if (!hsm_run("command -v softhsm2-util && command -v pkcs11-tool"))
		return NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

bool
hsm_run(const char *format, ...)
{
	char command[HSM_COMMAND], all[HSM_COMMAND + 16];
	va_list ap;
	size_t len;
	FILE *f;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "{ %s; } 2>&1", command);
	f = popen(all, "r"); /* NOLINT(bugprone-command-processor) */
	ok(f != NULL, "a shell");
	len = fread(hsm_said, 1, sizeof(hsm_said) - 1, f);
	hsm_said[len] = '\0';
	return pclose(f) == 0;
}

void
hsm_help_open(void)
{
	char path[128];
	struct err e = ERR_INIT;
	FILE *f;

	snprintf(hsm_folder, sizeof(hsm_folder), "/tmp/t_hsm.XXXXXX");
	ok(mkdtemp(hsm_folder) != NULL, "a folder");
	snprintf(path, sizeof(path), "%s/tokens", hsm_folder);
	is_int(mkdir(path, 0700), 0, "the tokens' folder");
	snprintf(path, sizeof(path), "%s/softhsm2.conf", hsm_folder);
	f = fopen(path, "w");
	ok(f != NULL, "softhsm2.conf");
	fprintf(f, "directories.tokendir = %s/tokens\nlog.level = ERROR\n",
	    hsm_folder);
	fclose(f);
	setenv("SOFTHSM2_CONF", path, 1);
	snprintf(path, sizeof(path), "%s/lab", hsm_folder);
	is_ok(lab_open(path, &lab, &e), &e, "lab");
}

void
hsm_help_close(void)
{
	lab_close(lab);
	(void)hsm_run("rm -rf %s", hsm_folder);
}

void
hsm_new_token(const char *label)
{
	ok(hsm_run("softhsm2-util --init-token --free --label '%s' --pin "
		   "%s --so-pin 12345678",
	       label, HSM_PIN),
	    hsm_said);
}

static bool
create(const char *uri, const char *token, const char *guard, const char *pin,
    struct err *e)
{
	struct lab_psd psd;
	char id[PSD_ID];

	lab_defaults(&psd);
	psd.pin = pin;
	psd.token = token;
	psd.guard = guard;
	return lab_create_vault(lab, uri, &psd, id, e);
}

bool
hsm_try_create(char *uri, const char *token, const char *pin, struct err *e)
{
	snprintf(uri, HSM_URI, "hsm:%s/v%d", hsm_folder, ++made);
	return create(uri, token, NULL, pin, e);
}

bool
hsm_create_at(const char *uri, const char *pin, struct err *e)
{
	return create(uri, NULL, NULL, pin, e);
}

static void
give_value(const char *uri, mils value)
{
	struct err e = ERR_INIT;
	struct vault *v = hsm_open_vault(uri);

	is_ok(lab_refill(lab, v, value, &e), &e, "refill");
	vault_close(v);
}

void
hsm_create(char *uri, const char *token, mils value)
{
	struct err e = ERR_INIT;

	is_ok(hsm_try_create(uri, token, HSM_PIN, &e), &e, "create");
	give_value(uri, value);
}

void
hsm_create_guarded(char *uri, const char *guard, mils value)
{
	struct err e = ERR_INIT;

	snprintf(uri, HSM_URI, "hsm:%s/v%d", hsm_folder, ++made);
	is_ok(create(uri, NULL, guard, HSM_PIN, &e), &e, "create");
	give_value(uri, value);
}

struct vault *
hsm_open_vault(const char *uri)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;

	is_ok(vault_open(uri, 2000, &v, &e), &e, "open");
	is_ok(vault_unlock(v, HSM_PIN, &e), &e, "unlock");
	return v;
}

struct psd_request
hsm_request(uint32_t n, mils amount)
{
	struct psd_request r = {.amount = amount,
	    .mail_date = date_local(time(NULL)),
	    .category = "FCL1"};

	memcpy(r.key, &n, sizeof(n));
	return r;
}

mils
hsm_spent(const char *uri)
{
	struct vault *v = NULL;
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_open(uri, 2000, &v, &e), &e, "open");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.ascending + s.descending, s.control_total, "the sum");
	vault_close(v);
	return s.ascending;
}

bool
hsm_verifies(struct vault *v, const struct psd_stamp *s)
{
	uint8_t der[CERT_MAX];
	struct cert *cert = NULL;
	struct err e = ERR_INIT;
	size_t len, body = s->len - SIG_BYTES;
	bool good;

	is_ok(vault_certificate(v, der, sizeof(der), &len, &e), &e, "DER");
	is_ok(cert_parse(der, len, &cert, &e), &e, "certificate");
	good =
	    sig_verify(cert_key(cert), s->indicium, body, s->indicium + body);
	cert_free(cert);
	return good;
}
