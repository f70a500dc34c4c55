/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged's configuration, its procedures of choice, and who a user system is.
 */
#include <stdlib.h>
#include <unistd.h>

#include "provider/auth.h"
#include "provider/choose.h"
#include "provider/conf.h"
#include "tests/provider_help.h"
#include "tests/test.h"

/* --- configuration -------------------------------------------------------------------- */

static struct config config;

static bool
load(const char *text, struct err *e)
{
	char path[] = "/tmp/t_provider.XXXXXX";
	int fd = mkstemp(path);
	bool done;

	*e = (struct err)ERR_INIT;
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
	done = config_load(path, &config, e);
	unlink(path);
	return done;
}

static void
a_configuration_is_read_whole_or_refused_by_line(void **state)
{
	static const char good[] = "[postaged]\n"
				   "name = p1\n"
				   "database = sqlite:/x\n"
				   "choose-psd = round-robin\n"
				   "[psd]\n"
				   "max-stamp = 12.345\n"
				   "[module one]\n"
				   "uri = software:/k\n"
				   "[module two]\n"
				   "uri = pkcs11:token=a\n"
				   "pin-file = /p\n";
	static const char *const bad[][2] = {
	    {"[postaged]\nname = x\nnmae = y\n", ":3: there is no key nmae"},
	    {"[postaged]\nworkers = many\n", ":2: "},
	    {"[psd]\nmax-stamp = -1\n", ":2: "},
	    {"[postaged]\nrole = all\n", "both, web or process"},
	    {"[postaged]\nchoose-psd = best\n", "round-robin"},
	    {"[postaged]\nname = p\n", "database"},
	    {"[postaged]\ndatabase = sqlite:/x\n", "[module NAME]"},
	    {"[postaged]\ndatabase = sqlite:/x\n[module a]\npin-file = /p\n",
		"needs a uri"},
	    {"[postaged]\ndatabase = sqlite:/x\nrole = web\n", "cluster-key"},
	    {"[postaged]\ndatabase = sqlite:/x\nrole = process\n"
	     "cluster-key = /c\n[module a]\nuri = software:/k\n",
		"url"},
	    {"[module]\nuri = software:/k\n", ":2: "},
	    {"[module a b]\nuri = software:/k\n", "without spaces"},
	    {"[postaged]\ndatabase = mysql:x\n[module a]\nuri = software:/k\n",
		"postgresql:"},
	    {"[postaged]\ndatabase = sqlite:x\n[module a]\nuri = software:/k\n",
		"sqlite:/FILE"},
	    {"[postaged]\ndatabase = sqlite:/x\n[module a]\nuri = sofware:/k\n",
		"software:/FILE"},
	};
	struct err e = ERR_INIT;

	(void)state;
	ok(load(good, &e), e.text);
	is_str(config.name, "p1", "name");
	is_int(config.choose_psd, CHOOSE_ROUND_ROBIN, "choose-psd");
	is_int(config.max_stamp, 12345, "max-stamp");
	is_int(config.modules, 2, "modules");
	is_str(config.module[1].pin_file, "/p", "pin-file");
	is_int(config.role, ROLE_BOTH, "role");
	ok(config.per_address > 0 && config.per_address <= 1000,
	    "one host does not have all connections");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!load(bad[i][0], &e), bad[i][0]);
		is_int(e.kind, ERR_CONFIG, "kind");
		if (strstr(e.text, bad[i][1]) == NULL)
			fail_at(
			    "\"%s\" does not say \"%s\"", e.text, bad[i][1]);
	}
}

/* --- choice -------------------------------------------------------------------------------- */

static void
each_procedure_chooses_as_its_name_says(void **state)
{
	const int64_t load_of[3] = {5, 1, 1};
	struct choose_asked a = {.count = 3, .load = load_of, .who = 7};
	enum choose how;

	(void)state;
	for (a.turn = 0; a.turn < 6; a.turn++) {
		is_int(choose_one(CHOOSE_ROUND_ROBIN, &a), a.turn % 3, "turn");
		is_int(choose_one(CHOOSE_AFFINITY, &a), 7 % 3, "who");
		ok(choose_one(CHOOSE_LEAST_LOADED, &a) != 0, "not the busy");
	}
	/* equals take turns */
	a.load = NULL;
	for (a.turn = 0; a.turn < 6; a.turn++)
		is_int(choose_one(CHOOSE_LEAST_LOADED, &a), a.turn % 3, "turn");
	ok(choose_parse("least-loaded", &how) && how == CHOOSE_LEAST_LOADED,
	    "parsed");
	is_str(choose_name(how), "least-loaded", "name");
	ok(!choose_parse("Least-Loaded", &how), "no such procedure");
}

/* --- networks ------------------------------------------------------------------------------- */

static void
a_system_is_bound_to_its_network(void **state)
{
	static const struct {
		const char *address, *network;
		bool in;
	} cases[] = {
	    {"192.0.2.7", "192.0.2.7", true},
	    {"192.0.2.8", "192.0.2.7", false},
	    {"192.0.2.255", "192.0.2.0/24", true},
	    {"192.0.3.0", "192.0.2.0/24", false},
	    {"192.0.2.129", "192.0.2.128/25", true},
	    {"192.0.2.127", "192.0.2.128/25", false},
	    {"203.0.113.9", "0.0.0.0/0", true},
	    {"::ffff:192.0.2.7", "192.0.2.0/24", true},
	    {"2001:db8::1", "2001:db8::/32", true},
	    {"2001:db9::1", "2001:db8::/32", false},
	    {"2001:db8::1", "0.0.0.0/0", false},
	    {"192.0.2.7", "::/0", false},
	    {"", "0.0.0.0/0", false},
	    {"192.0.2.7", "", false},
	};
	static const char *const wrong[] = {"", "x", "192.0.2", "192.0.2.0/",
	    "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/8x", "2001:db8::/129",
	    "192.0.2.0/24/24",
	    "2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(auth_in_network(cases[i].address, cases[i].network),
		    cases[i].in, cases[i].network);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!auth_network_valid(wrong[i]), wrong[i]);
	ok(auth_network_valid("192.0.2.0/24"), "a network");
}

/* --- credentials ------------------------------------------------------------------------------- */

static const char *authorization;

static const char *
header(const struct http_request *r, const char *name)
{
	(void)r;
	return strcmp(name, "Authorization") == 0 ? authorization : NULL;
}

static bool
knows(struct shop *s, const char *said, const char *address, const char *print)
{
	struct http_request r = {.header = header};
	struct user_system u;
	struct err e = ERR_INIT;
	bool known;

	authorization = said;
	snprintf(r.address, sizeof(r.address), "%s", address);
	snprintf(r.fingerprint, sizeof(r.fingerprint), "%s", print);
	ok(auth_system(s->w, &r, &u, &known, &e), e.text);
	return known;
}

#define PRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
only_the_right_token_is_a_system(void **state)
{
	struct shop_setup setup = {.psds = 1, .systems = 2};
	char token[AUTH_TOKEN], said[AUTH_TOKEN + 16], other[AUTH_TOKEN + 16];
	uint8_t secret[SECRET_BYTES];
	struct err e = ERR_INIT;
	struct shop s;
	size_t len;

	(void)state;
	shop_open(&s, &setup);
	ok(auth_make_token(s.w, s.system[0].id, token, secret, &e), e.text);
	ok(store_begin(s.w->store, STORE_WRITE, &e), e.text);
	store_put_blob(s.w->store, secret, sizeof(secret));
	store_put_int(s.w->store, s.system[0].id);
	ok(store_run(s.w->store,
	       "UPDATE usersystem SET secret = $1 WHERE id = $2", &e) &&
		store_commit(s.w->store, &e),
	    e.text);
	snprintf(said, sizeof(said), "Bearer %s", token);
	len = strlen(said);
	ok(knows(&s, said, "192.0.2.1", ""), "its token");
	ok(!knows(&s, NULL, "192.0.2.1", ""), "none");
	ok(!knows(&s, token, "192.0.2.1", ""), "not as a bearer");
	/* each character counts */
	for (size_t i = strlen("Bearer "); i < len; i++) {
		snprintf(other, sizeof(other), "%s", said);
		other[i] = other[i] == '1' ? '2' : '1';
		if (knows(&s, other, "192.0.2.1", ""))
			fail_at("known with character %zu changed", i);
	}
	memcpy(other, said, sizeof(other));
	other[len] = '0';
	other[len + 1] = '\0';
	ok(!knows(&s, other, "192.0.2.1", ""), "longer");
	said[len - 1] = '\0';
	ok(!knows(&s, said, "192.0.2.1", ""), "shorter");
	/* bound to a network, by a certificate, withdrawn */
	shop_sql(&s, "UPDATE usersystem SET address = '192.0.2.0/24'");
	snprintf(said, sizeof(said), "Bearer %s", token);
	ok(knows(&s, said, "192.0.2.1", ""), "in its network");
	ok(!knows(&s, said, "198.51.100.1", ""), "from elsewhere");
	ok(!knows(&s, said, "", ""), "from nowhere");
	shop_sql(&s,
	    "UPDATE usersystem SET address = NULL, fingerprint = '" PRINT
	    "' WHERE id = 2");
	ok(knows(&s, NULL, "192.0.2.1", PRINT), "its certificate");
	ok(!knows(&s, NULL, "192.0.2.1", "f" PRINT), "another one");
	shop_sql(&s, "UPDATE usersystem SET state = 'suspended'");
	ok(knows(&s, said, "192.0.2.1", ""), "suspended, but known");
	shop_sql(&s, "UPDATE usersystem SET state = 'withdrawn'");
	ok(!knows(&s, said, "192.0.2.1", ""), "withdrawn");
	shop_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_configuration_is_read_whole_or_refused_by_line),
	    T(each_procedure_chooses_as_its_name_says),
	    T(a_system_is_bound_to_its_network),
	    T(only_the_right_token_is_a_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
