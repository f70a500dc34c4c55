/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psd: the postal security device, one pure state machine for every home.
 *
 * No allocation, no operating system, no clock: the caller gives the bytes of
 * the state, the date and the crypto.  Two registers are stored, ascending
 * (ever spent) and control total (ever downloaded); both only grow; descending
 * is their difference.  The PSD composes every byte it signs and never signs a
 * host's hash.  Each message it signs begins with a byte that says what it is
 * (0x91, 0x92 indicium, 0x02 download request, 0x03 receipt, 0x04 audit, 0x05
 * authentication, 0x06 attestation).
 *
 * A home does: psd_decode() of what it stores (psd_check() inside), one call
 * here on a copy, psd_encode(), one durable write, and only then lets a
 * signature out.
 */
#ifndef VAULT_PSD_H
#define VAULT_PSD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "stamp/indicium.h"

#define PSD_KEY_BYTES	16
#define PSD_RING	64  /* indicia remembered by stamp key */
#define PSD_MESSAGE_MAX 256 /* download request, answer, receipt, audit */
#define PSD_PIN_TRIES	5

/* ISO 7816-4 life cycle bytes. */
enum psd_life {
	PSD_CREATED = 0x01,	/* no key yet */
	PSD_INITIALISED = 0x03, /* key and identity, no licence */
	PSD_OPERATIONAL = 0x05,
	PSD_LOCKED = 0x04, /* audit overdue, or withheld by the provider */
	PSD_WITHDRAWN = 0x0c
};

/* What the host asks of one debit.  Everything else on the indicium is the
 * PSD's own. */
struct psd_request {
	uint8_t key[PSD_KEY_BYTES];
	mils amount;
	uint32_t mail_date;   /* YYYYMMDD */
	uint32_t mailby;      /* YYYYMMDD, 0 = none */
	uint32_t origin_zip;  /* place of mailing, 0 = none */
	uint64_t destination; /* ZIP+4+2, 0 = none */
	uint32_t sender_zip;  /* extension 6, 0 = none */
	char category[5];     /* rate category, 4 ASCII */
	uint8_t kind; /* extension 7: 0 postage, 1 correction, 2 specimen */
	uint16_t price_list;   /* extension 8, 0 = none */
	uint64_t sheet_serial; /* u56; not 0: version 0x92 */
	uint16_t label;	       /* position on the sheet, from 1 */
};

struct psd_stamp {
	uint8_t key[PSD_KEY_BYTES];
	uint8_t indicium[INDICIUM_MAX];
	size_t len;
	bool replayed; /* answered from the ring, nothing debited now */
};

struct psd_status {
	char vendor[3], model[3];
	uint32_t serial, cert_serial, licence;
	enum psd_life life;
	mils ascending, descending, control_total;
	uint32_t piece_count;
	mils min_stamp, max_stamp, max_descending;
	uint32_t expires;   /* YYYYMMDD */
	uint32_t audit_due; /* YYYYMMDD */
	uint32_t download_sequence;
	uint8_t pin_tries_left; /* 0 = blocked */
	bool pin_required;
	bool lab; /* vendor id "XX": every imprint says SPECIMEN */
};

#endif
