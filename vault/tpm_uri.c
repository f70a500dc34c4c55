/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/tpm_uri.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

#define DEVICE	"/dev/tpmrm0"
#define DIGITS	8
#define NV_TYPE 0x01 /* first byte of every NV index */

static const char tcti_device[] = "?tcti=device:";
static const char tcti_swtpm[] = "?tcti=swtpm:";

static bool
only_digits(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= 5 && text[len] == '\0';
}

/* "/dev/tpm0", "/dev/tpmrm0": nothing else is opened for writing. */
static bool
is_tpm_device(const char *path)
{
	if (strncmp(path, "/dev/tpmrm", 10) == 0)
		return only_digits(path + 10);
	return strncmp(path, "/dev/tpm", 8) == 0 && only_digits(path + 8);
}

static bool
is_own_swtpm(const char *conf)
{
	static const char *const hosts[] = {
	    "host=127.0.0.1,port=", "host=localhost,port="};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strncmp(conf, hosts[i], strlen(hosts[i])) == 0)
			return only_digits(conf + strlen(hosts[i]));
	return false;
}

static bool
take_index(const char **rest, uint32_t *out)
{
	char digits[DIGITS + 1] = "";
	uint8_t bytes[4];
	size_t len;

	if (strncmp(*rest, "0x", 2) != 0)
		return true;
	memcpy(digits, *rest + 2, strnlen(*rest + 2, DIGITS));
	if (strspn(digits, "0123456789abcdefABCDEF") != DIGITS ||
	    !bytes_from_hex(digits, bytes, sizeof(bytes), &len) ||
	    bytes[0] != NV_TYPE)
		return false;
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
	*rest += 2 + DIGITS;
	return true;
}

static bool
take_tcti(const char *rest, struct tpm_uri *out)
{
	const char *conf = DEVICE;

	if (strncmp(rest, tcti_swtpm, strlen(tcti_swtpm)) == 0) {
		out->software = true;
		conf = rest + strlen(tcti_swtpm);
	} else if (strncmp(rest, tcti_device, strlen(tcti_device)) == 0) {
		conf = rest + strlen(tcti_device);
	} else if (*rest != '\0') {
		return false;
	}
	return text_copy(out->conf, sizeof(out->conf), conf) &&
	       (out->software ? is_own_swtpm(conf) : is_tpm_device(conf));
}

bool
tpm_uri_parse(const char *rest, struct tpm_uri *out, struct err *e)
{
	char clean[TPM_URI_CONF];

	memset(out, 0, sizeof(*out));
	if (take_index(&rest, &out->index) && take_tcti(rest, out))
		return true;
	return err_set(e, ERR_CONFIG,
	    "\"%s\" names no counter of a TPM: write tpm: or tpm:0x01800001",
	    text_clean(rest, clean, sizeof(clean)));
}

bool
tpm_uri_format(const struct tpm_uri *in, char *out, size_t size)
{
	bool usual = !in->software && strcmp(in->conf, DEVICE) == 0;
	int n = snprintf(out, size, "tpm:0x%08" PRIx32 "%s%s", in->index,
	    usual	   ? ""
	    : in->software ? tcti_swtpm
			   : tcti_device,
	    usual ? "" : in->conf);

	return n > 0 && (size_t)n < size;
}
