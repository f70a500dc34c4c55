/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of signatures by a public key that makes many.  (r, s) of the hash z is
 * right where r is the x of uG + vQ, for u = z / s and v = r / s (SEC 1, 4.1.4).
 * OpenSSL has a table of G's multiples, and none of Q's: of the 60 microseconds
 * that a check takes it spends 40 on vQ.  A curve whose generator is Q can have
 * one, too.
 *
 * All of a list are divided by one inversion, that of the product of all s; and x is
 * compared as it is, a fraction X / Z^2.
 *
 * All numbers are public.  A "no" of this is none yet: sig_verify_all() asks OpenSSL's
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

struct number {
	BIGNUM *r, *s, *z;
	BIGNUM *product; /* of all s, up to this one */
};

struct sum {
	const struct sig_table *t;
	BN_CTX *ctx;
	EC_POINT *sum, *part;
	struct number number[SIG_LIST_MAX];
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
	return BN_bin2bn(bytes, 32, out) != NULL && !BN_is_zero(out) &&
	       BN_cmp(out, order) < 0;
}

static bool
times(struct sum *o, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
	return BN_mod_mul(out, a, b, EC_GROUP_get0_order(o->t->g), o->ctx) == 1;
}

static bool
read_one(struct sum *o, const struct sig_signed *m, struct number *n)
{
	const BIGNUM *order = EC_GROUP_get0_order(o->t->g);
	uint8_t hash[SIG_SHA256];

	n->r = BN_CTX_get(o->ctx);
	n->s = BN_CTX_get(o->ctx);
	n->z = BN_CTX_get(o->ctx);
	n->product = BN_CTX_get(o->ctx);
	sig_sha256(m->msg, m->len, hash);
	return n->product != NULL && read_number(m->sig, order, n->r) &&
	       read_number(m->sig + 32, order, n->s) &&
	       BN_bin2bn(hash, SIG_SHA256, n->z) != NULL;
}

static bool
read_all(struct sum *o, const struct sig_signed *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct number *n = &o->number[i];

		if (!read_one(o, &list[i], n))
			return false;
		if (i == 0 ? BN_copy(n->product, n->s) == NULL
			   : !times(o, n->product, n[-1].product, n->s))
			return false;
	}
	return true;
}

/* Is X / Z^2 this number?  Infinity's Z is 0, and it is none. */
static bool
is_x(struct sum *o, const BIGNUM *number)
{
	const BIGNUM *field = EC_GROUP_get0_field(o->t->g);
	BIGNUM *x, *y, *z;
	bool good;

	BN_CTX_start(o->ctx);
	x = BN_CTX_get(o->ctx);
	y = BN_CTX_get(o->ctx);
	z = BN_CTX_get(o->ctx);
	good = z != NULL &&
	       EC_POINT_get_Jprojective_coordinates_GFp(
		   o->t->g, o->sum, x, y, z, o->ctx) == 1 &&
	       !BN_is_zero(z) && BN_mod_sqr(z, z, field, o->ctx) == 1 &&
	       BN_mod_mul(z, z, number, field, o->ctx) == 1 &&
	       BN_cmp(x, z) == 0;
	BN_CTX_end(o->ctx);
	return good;
}

/* r is x modulo the order, which is less than the field: x is r, or for a few r
 * one order more. */
static bool
is_r(struct sum *o, BIGNUM *r)
{
	return is_x(o, r) ||
	       (BN_add(r, r, EC_GROUP_get0_order(o->t->g)) == 1 &&
		   BN_cmp(r, EC_GROUP_get0_field(o->t->g)) < 0 && is_x(o, r));
}

/* Is r the x of uG + vQ, for u = z w, v = r w, and w = 1 / s?  The numbers are no
 * more what they were. */
static bool
is_right(struct sum *o, struct number *n, const BIGNUM *w)
{
	const EC_GROUP *g = o->t->g;

	return times(o, n->z, n->z, w) && times(o, n->s, n->r, w) &&
	       EC_POINT_mul(g, o->sum, n->z, NULL, NULL, o->ctx) == 1 &&
	       EC_POINT_mul(o->t->q, o->part, n->s, NULL, NULL, o->ctx) == 1 &&
	       EC_POINT_add(g, o->sum, o->sum, o->part, o->ctx) == 1 &&
	       is_r(o, n->r);
}

/* From the last to the first: `inverse` is that of all s, up to this one. */
static bool
all_right(struct sum *o, size_t count)
{
	BIGNUM *inverse = BN_CTX_get(o->ctx), *w = BN_CTX_get(o->ctx);
	bool good =
	    w != NULL && BN_mod_inverse(inverse, o->number[count - 1].product,
			     EC_GROUP_get0_order(o->t->g), o->ctx) != NULL;

	for (size_t i = count; good && i-- > 0;) {
		struct number *n = &o->number[i];

		good = i == 0 ? BN_copy(w, inverse) != NULL
			      : times(o, w, n[-1].product, inverse) &&
				    times(o, inverse, inverse, n->s);
		good = good && is_right(o, n, w);
	}
	return good;
}

bool
sig_table_verify(
    const struct sig_table *t, const struct sig_signed *list, size_t count)
{
	struct sum o = {.t = t, .ctx = BN_CTX_new()};
	bool good = false;

	if (o.ctx != NULL && count > 0 && count <= SIG_LIST_MAX) {
		BN_CTX_start(o.ctx);
		o.sum = EC_POINT_new(t->g);
		o.part = EC_POINT_new(t->q);
		good = o.sum != NULL && o.part != NULL &&
		       read_all(&o, list, count) && all_right(&o, count);
		BN_CTX_end(o.ctx);
	}
	EC_POINT_free(o.sum);
	EC_POINT_free(o.part);
	BN_CTX_free(o.ctx);
	ERR_clear_error();
	return good;
}
