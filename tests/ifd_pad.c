/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ifd_pad: a reader with keys, for pcscd: the virtual reader of vsmartcard, and
 * over it PC/SC part 10's VERIFY_PIN_DIRECT.  What a person types is the first
 * line of the file $POSTAGE_PAD, which is taken away: "1234", "cancel", or
 * nothing, and the time is up.  What the reader is told wrong is refused, as by
 * a reader.
 */
#include <dlfcn.h>
#include <ifdhandler.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READER	  "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
#define FEATURES  (0x42000000 + 3400) /* CM_IOCTL_GET_FEATURE_REQUEST */
#define VERIFY	  0x42330006
#define PIN_MAX	  16
#define LINE_MAX_ 80

/* The function of the true reader. */
static void *
there(const char *name)
{
	static void *reader;

	if (reader == NULL)
		reader = dlopen(READER, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	return reader != NULL ? dlsym(reader, name) : NULL;
}

#define PASS(name, types, args)                                \
	RESPONSECODE                                           \
	name types                                             \
	{                                                      \
		RESPONSECODE(*f) types;                        \
                                                               \
		*(void **)&f = there(#name);                   \
		return f != NULL ? f args : IFD_NOT_SUPPORTED; \
	}

PASS(IFDHCreateChannelByName, (DWORD lun, LPSTR name), (lun, name))
PASS(IFDHCreateChannel, (DWORD lun, DWORD channel), (lun, channel))
PASS(IFDHCloseChannel, (DWORD lun), (lun))
PASS(IFDHGetCapabilities, (DWORD lun, DWORD tag, PDWORD len, PUCHAR value),
    (lun, tag, len, value))
PASS(IFDHSetCapabilities, (DWORD lun, DWORD tag, DWORD len, PUCHAR value),
    (lun, tag, len, value))
PASS(IFDHSetProtocolParameters,
    (DWORD lun, DWORD protocol, UCHAR flags, UCHAR a, UCHAR b, UCHAR c),
    (lun, protocol, flags, a, b, c))
PASS(IFDHPowerICC, (DWORD lun, DWORD what, PUCHAR atr, PDWORD len),
    (lun, what, atr, len))
PASS(IFDHTransmitToICC,
    (DWORD lun, SCARD_IO_HEADER in, PUCHAR apdu, DWORD len, PUCHAR answer,
	PDWORD answer_len, PSCARD_IO_HEADER out),
    (lun, in, apdu, len, answer, answer_len, out))
PASS(IFDHICCPresence, (DWORD lun), (lun))

/* The first line, which goes; false: nobody types. */
static bool
typed(char line[LINE_MAX_])
{
	const char *path = getenv("POSTAGE_PAD");
	char rest[1000] = "";
	FILE *f = path != NULL ? fopen(path, "r+") : NULL;
	size_t n;
	bool there_is;

	if (f == NULL)
		return false;
	there_is = fgets(line, LINE_MAX_, f) != NULL;
	n = fread(rest, 1, sizeof(rest), f);
	fclose(f);
	f = fopen(path, "w");
	if (f != NULL) {
		fwrite(rest, 1, n, f);
		fclose(f);
	}
	if (there_is)
		line[strcspn(line, "\n")] = '\0';
	return there_is;
}

static void
answer(PUCHAR out, LPDWORD len, unsigned word)
{
	out[0] = (UCHAR)(word >> 8);
	out[1] = (UCHAR)word;
	*len = 2;
}

/* What is told, by part 10: times, format, lengths, when it ends, messages,
 * the command without its data. */
static bool
is_told_well(const UCHAR *in, DWORD len)
{
	return len == 24 && in[2] == 0x82 && in[3] == 0 && in[4] == 0 &&
	       in[6] <= in[5] && in[5] <= PIN_MAX && in[7] == 2 &&
	       in[15] == 5 && in[16] == 0 && in[17] == 0 && in[18] == 0;
}

static RESPONSECODE
verify(DWORD lun, const UCHAR *in, DWORD len, PUCHAR out, LPDWORD out_len)
{
	SCARD_IO_HEADER t1 = {.Protocol = 1}, back;
	UCHAR apdu[5 + PIN_MAX];
	char line[LINE_MAX_];
	size_t n;
	DWORD got = 2;

	if (!is_told_well(in, len))
		return IFD_COMMUNICATION_ERROR;
	if (!typed(line)) {
		answer(out, out_len, 0x6400);
		return IFD_SUCCESS;
	}
	n = strlen(line);
	if (strcmp(line, "cancel") == 0 || n < in[6] || n > in[5]) {
		answer(out, out_len, line[0] == 'c' ? 0x6401 : 0x6403);
		return IFD_SUCCESS;
	}
	memcpy(apdu, in + 19, 4);
	apdu[4] = (UCHAR)n;
	memcpy(apdu + 5, line, n);
	if (IFDHTransmitToICC(lun, t1, apdu, 5 + n, out, &got, &back) !=
	    IFD_SUCCESS)
		return IFD_COMMUNICATION_ERROR;
	*out_len = got;
	return IFD_SUCCESS;
}

RESPONSECODE
IFDHControl(DWORD lun, DWORD code, PUCHAR in, DWORD len, PUCHAR out,
    DWORD out_size, LPDWORD out_len)
{
	static const UCHAR features[] = {
	    0x06, 4, 0x42, 0x33, 0, 0x06, 0x12, 4, 0x42, 0x33, 0, 0x12};

	*out_len = 0;
	if (code == VERIFY && out_size >= 2)
		return verify(lun, in, len, out, out_len);
	if (code != FEATURES || out_size < sizeof(features))
		return IFD_ERROR_NOT_SUPPORTED;
	memcpy(out, features, sizeof(features));
	*out_len = sizeof(features);
	return IFD_SUCCESS;
}
