/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pay_form: application/x-www-form-urlencoded, as a processor wants its
 * requests: "amount=2000&metadata[payment]=7" with all but letters, digits and
 * "-._*" escaped (URL Standard, section 5.2).  Pure.
 */
#ifndef PROVIDER_PAY_FORM_H
#define PROVIDER_PAY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAY_FORM_MAX 4096

struct pay_form {
	char text[PAY_FORM_MAX]; /* a NUL behind it */
	size_t len;
	bool full; /* something did not fit: not to be sent */
};

/* Add to what is there; `out` begins zeroed. */
void pay_form_put(struct pay_form *out, const char *name, const char *value);
void pay_form_put_int(struct pay_form *out, const char *name, int64_t value);

#endif
