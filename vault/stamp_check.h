/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp_check: an indicium that comes from elsewhere, a device or a provider,
 * is not believed: is it its PSD's own, and what was asked for?  Pure.
 *
 * Each gives NULL, or what is wrong in words that go into a sentence ("its
 * value is another one").
 */
#ifndef VAULT_STAMP_CHECK_H
#define VAULT_STAMP_CHECK_H

#include "stamp/cert.h"
#include "vault/psd.h"

/* It can be read, names the PSD of `cert`, and the certified key signed it;
 * *in is what it says. */
const char *stamp_own_fault(
    const struct psd_stamp *got, const struct cert *cert, struct indicium *in);

/* Every field that the request decides. */
const char *
stamp_request_fault(const struct indicium *in, const struct psd_request *asked);

#endif
