/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of signatures by a public key that makes many.  (r, s) of the hash z is
 * right where r is the x of uG + vQ, for u = z / s and v = r / s (SEC 1, 4.1.4).
 * OpenSSL has a table of G's multiples, and none of Q's: of the 60 microseconds
 * that a check takes it spends 40 on vQ.  A curve whose generator is Q can have
 * one, too.
 *
 * All numbers are public.  A "no" of this is none yet: sig_verify() asks OpenSSL's
 * own check then.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_GROUP_precompute_mult() */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <stdlib.h>

#include "stamp/sig_openssl.h"

#define POINT_MAX 65

struct sig_table {
	EC_GROUP *g, *q; /* the curve, with G and with Q as its generator */
};

static bool
read_point(const struct sig_key *key, EC_GROUP *group, EC_POINT *out)
{
	uint8_t bytes[POINT_MAX];
	size_t len;

	return EVP_PKEY_get_octet_string_param(key->pkey,
		   OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes), &len) == 1 &&
	       EC_POINT_oct2point(group, out, bytes, len, NULL) == 1;
}

static bool
fill(struct sig_table *t, const struct sig_key *key)
{
	EC_POINT *q;
	bool done;

	t->g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	t->q = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	q = t->q != NULL ? EC_POINT_new(t->q) : NULL;
	done = t->g != NULL && q != NULL && read_point(key, t->q, q) &&
	       EC_GROUP_set_generator(
		   t->q, q, EC_GROUP_get0_order(t->g), BN_value_one()) == 1 &&
	       EC_GROUP_precompute_mult(t->q, NULL) == 1;
	EC_POINT_free(q);
	return done;
}

void
sig_expect_many(struct sig_key *key)
{
	struct sig_table *t;

	if (key->table != NULL)
		return;
	t = calloc(1, sizeof(*t));
	if (t != NULL && fill(t, key)) {
		key->table = t;
		return;
	}
	sig_table_free(t); /* it is slower then, and nothing else */
	ERR_clear_error();
}

void
sig_table_free(struct sig_table *t)
{
	if (t == NULL)
		return;
	EC_GROUP_free(t->g);
	EC_GROUP_free(t->q);
	free(t);
}

static bool
read_number(const uint8_t bytes[32], const BIGNUM *order, BIGNUM *out)
{
	return out != NULL && BN_bin2bn(bytes, 32, out) != NULL &&
	       !BN_is_zero(out) && BN_cmp(out, order) < 0;
}

/* x of uG + vQ, modulo the order; infinity has none. */
static bool
add_up(const struct sig_table *t, const BIGNUM *u, const BIGNUM *v, BIGNUM *x,
    BN_CTX *ctx)
{
	EC_POINT *sum = EC_POINT_new(t->g), *part = EC_POINT_new(t->q);
	bool done =
	    sum != NULL && part != NULL &&
	    EC_POINT_mul(t->g, sum, u, NULL, NULL, ctx) == 1 &&
	    EC_POINT_mul(t->q, part, v, NULL, NULL, ctx) == 1 &&
	    EC_POINT_add(t->g, sum, sum, part, ctx) == 1 &&
	    EC_POINT_get_affine_coordinates(t->g, sum, x, NULL, ctx) == 1 &&
	    BN_nnmod(x, x, EC_GROUP_get0_order(t->g), ctx) == 1;

	EC_POINT_free(sum);
	EC_POINT_free(part);
	return done;
}

static bool
verifies(const struct sig_table *t, const uint8_t hash[SIG_SHA256],
    const uint8_t sig[SIG_BYTES], BN_CTX *ctx)
{
	const BIGNUM *order = EC_GROUP_get0_order(t->g);
	BIGNUM *r = BN_CTX_get(ctx), *s = BN_CTX_get(ctx), *z = BN_CTX_get(ctx),
	       *x = BN_CTX_get(ctx);

	return read_number(sig, order, r) && read_number(sig + 32, order, s) &&
	       x != NULL && BN_bin2bn(hash, SIG_SHA256, z) != NULL &&
	       BN_mod_inverse(s, s, order, ctx) != NULL &&
	       BN_mod_mul(z, z, s, order, ctx) == 1 &&
	       BN_mod_mul(s, r, s, order, ctx) == 1 &&
	       add_up(t, z, s, x, ctx) && BN_cmp(x, r) == 0;
}

bool
sig_table_verify(const struct sig_table *t, const uint8_t hash[SIG_SHA256],
    const uint8_t sig[SIG_BYTES])
{
	BN_CTX *ctx = BN_CTX_new();
	bool good = false;

	if (ctx != NULL) {
		BN_CTX_start(ctx);
		good = verifies(t, hash, sig, ctx);
		BN_CTX_end(ctx);
	}
	BN_CTX_free(ctx);
	ERR_clear_error();
	return good;
}
