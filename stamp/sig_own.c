/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of signatures by who made them.  With the private number d, the
 * signature (r, s) of the hash z is right where r is the x of kG, for
 *
 *	k = (z + r d) / s
 *
 * which takes one multiplication of the curve's own point; who has the public
 * half alone needs one of another point, five times as slow.  k and d are secret:
 * both stand behind a random factor b in all arithmetic that may take its time by
 * what it works on, k = (b z + b d r) / (b s), and the rest is OpenSSL's own for
 * secrets (Montgomery products, multiplication of G).  All of a batch are divided
 * by one inversion: that of the product of all b s.
 *
 * kG is made as (k + t)G - tG with a random t: the very steps, and the part of
 * OpenSSL's table, that made the signature would agree with their own fault.  So
 * would a private number that changed in memory: it is held against the hash that
 * was made of it when its public half was known to fit.
 */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <pthread.h>

#include "stamp/sig_openssl.h"

/* One signature's numbers; `above` / `below` is k. */
struct number {
	BIGNUM *r, *above, *below;
	BIGNUM *product; /* of all below, up to this one */
};

/* What takes longer to make than to use. */
static pthread_mutex_t curve_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	EC_GROUP *group;
	BN_MONT_CTX *mont; /* of the order */
} curve;

struct own {
	BN_CTX *ctx;
	EC_POINT *point;
	const EC_GROUP *group;
	const BIGNUM *order;
	BN_MONT_CTX *mont;
	BIGNUM *d;	 /* in Montgomery's form */
	BIGNUM *t;	 /* random */
	EC_POINT *minus; /* -tG */
	struct number number[SIG_LIST_MAX];
};

static void
own_close(struct own *o)
{
	BN_clear_free(o->d);
	EC_POINT_clear_free(o->point);
	EC_POINT_clear_free(o->minus);
	BN_CTX_free(o->ctx);
}

static void
make_curve(void)
{
	BN_CTX *ctx = BN_CTX_new();
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BN_MONT_CTX *mont = BN_MONT_CTX_new();

	if (ctx != NULL && group != NULL && mont != NULL &&
	    BN_MONT_CTX_set(mont, EC_GROUP_get0_order(group), ctx) == 1) {
		curve.mont = mont;
		curve.group = group;
	} else {
		BN_MONT_CTX_free(mont);
		EC_GROUP_free(group);
	}
	BN_CTX_free(ctx);
}

static bool
own_open(const struct sig_key *key, struct own *o)
{
	*o = (struct own){.ctx = BN_CTX_secure_new()};
	pthread_mutex_lock(&curve_lock);
	if (curve.group == NULL)
		make_curve();
	o->group = curve.group;
	o->mont = curve.mont;
	pthread_mutex_unlock(&curve_lock);
	if (o->ctx == NULL || o->group == NULL)
		return false;
	o->point = EC_POINT_new(o->group);
	o->order = EC_GROUP_get0_order(o->group);
	return o->point != NULL && sig_private(key, &o->d) &&
	       BN_to_montgomery(o->d, o->d, o->mont, o->ctx) == 1;
}

/* out = a b */
static bool
times(struct own *o, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
	BIGNUM *form;
	bool done;

	BN_CTX_start(o->ctx);
	form = BN_CTX_get(o->ctx);
	done = form != NULL &&
	       BN_to_montgomery(form, b, o->mont, o->ctx) == 1 &&
	       BN_mod_mul_montgomery(out, a, form, o->mont, o->ctx) == 1;
	BN_CTX_end(o->ctx);
	return done;
}

static bool
read_number(const struct own *o, const uint8_t bytes[32], BIGNUM *out)
{
	return BN_bin2bn(bytes, 32, out) != NULL && !BN_is_zero(out) &&
	       BN_cmp(out, o->order) < 0;
}

static bool
read_hash(struct own *o, const struct sig_signed *m, BIGNUM *out)
{
	uint8_t hash[SIG_SHA256];

	sig_sha256(m->msg, m->len, hash);
	return BN_bin2bn(hash, SIG_SHA256, out) != NULL &&
	       BN_nnmod(out, out, o->order, o->ctx) == 1;
}

/* above = b (z + d r), below = b s */
static bool
prepare(struct own *o, const struct sig_signed *m, struct number *n)
{
	BIGNUM *z = BN_CTX_get(o->ctx), *s = BN_CTX_get(o->ctx),
	       *b = BN_CTX_get(o->ctx);

	n->r = BN_CTX_get(o->ctx);
	n->above = BN_CTX_get(o->ctx);
	n->below = BN_CTX_get(o->ctx);
	n->product = BN_CTX_get(o->ctx);
	if (n->product == NULL || !read_hash(o, m, z) ||
	    !read_number(o, m->sig, n->r) || !read_number(o, m->sig + 32, s))
		return false;
	do
		if (BN_priv_rand_range(b, o->order) != 1)
			return false;
	while (BN_is_zero(b));
	return times(o, z, b, z) && times(o, n->below, b, s) &&
	       BN_mod_mul_montgomery(b, b, o->d, o->mont, o->ctx) == 1 &&
	       times(o, b, b, n->r) &&
	       BN_mod_add_quick(n->above, z, b, o->order) == 1;
}

static bool
prepare_all(struct own *o, const struct sig_signed *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct number *n = &o->number[i];

		if (!prepare(o, &list[i], n))
			return false;
		if (i == 0 ? BN_copy(n->product, n->below) == NULL
			   : !times(o, n->product, n[-1].product, n->below))
			return false;
	}
	return true;
}

static bool
turn_aside(struct own *o)
{
	o->t = BN_CTX_get(o->ctx);
	o->minus = EC_POINT_new(o->group);
	return o->t != NULL && o->minus != NULL &&
	       BN_priv_rand_range(o->t, o->order) == 1 &&
	       EC_POINT_mul(o->group, o->minus, o->t, NULL, NULL, o->ctx) ==
		   1 &&
	       EC_POINT_invert(o->group, o->minus, o->ctx) == 1;
}

/* Is r the x of kG = (k + t)G - tG? */
static bool
is_right(struct own *o, const struct number *n, BIGNUM *k)
{
	BIGNUM *x = BN_CTX_get(o->ctx);

	return x != NULL && BN_mod_add_quick(k, k, o->t, o->order) == 1 &&
	       EC_POINT_mul(o->group, o->point, k, NULL, NULL, o->ctx) == 1 &&
	       EC_POINT_add(o->group, o->point, o->point, o->minus, o->ctx) ==
		   1 &&
	       EC_POINT_get_affine_coordinates(
		   o->group, o->point, x, NULL, o->ctx) == 1 &&
	       BN_nnmod(x, x, o->order, o->ctx) == 1 && BN_cmp(x, n->r) == 0;
}

/* From the last to the first: `inverse` is that of all below, up to this one. */
static bool
all_right(struct own *o, size_t count)
{
	BIGNUM *inverse = BN_CTX_get(o->ctx), *k = BN_CTX_get(o->ctx);
	bool good =
	    k != NULL && BN_mod_inverse(inverse, o->number[count - 1].product,
			     o->order, o->ctx) != NULL;

	for (size_t i = count; good && i-- > 0;) {
		struct number *n = &o->number[i];

		good = i == 0 ? times(o, k, n->above, inverse)
			      : times(o, k, n[-1].product, inverse) &&
				    times(o, k, k, n->above) &&
				    times(o, inverse, inverse, n->below);
		good = good && is_right(o, n, k);
	}
	return good;
}

bool
sig_verify_own(
    const struct sig_key *key, const struct sig_signed *list, size_t count)
{
	struct own o;
	bool good;

	if (!key->private || count == 0 || count > SIG_LIST_MAX)
		return false;
	good = own_open(key, &o);
	if (good) {
		BN_CTX_start(o.ctx);
		good = turn_aside(&o) && prepare_all(&o, list, count) &&
		       all_right(&o, count);
		BN_CTX_end(o.ctx);
	}
	own_close(&o);
	ERR_clear_error();
	return good;
}
