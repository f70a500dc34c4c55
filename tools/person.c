/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/person.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define NAME_MAX_LEN 56

static void
name_of(uid_t uid, char out[NAME_MAX_LEN])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		text_copy(out, NAME_MAX_LEN, pw->pw_name);
	else
		snprintf(out, NAME_MAX_LEN, "%lu", (unsigned long)uid);
}

/* The kernel keeps who logged in over sudo and su; where it does not (no audit
 * session), root may say whom it works for: it could write anything. */
static uid_t
login(void)
{
	const char *sudo = getenv("SUDO_UID");
	char text[24] = "";
	uint64_t uid;
	FILE *f = fopen("/proc/self/loginuid", "re");

	if (f) {
		if (fgets(text, sizeof(text), f) == NULL)
			text[0] = '\0';
		fclose(f);
	}
	if (text_to_u64(text, UINT32_MAX - 1, &uid))
		return (uid_t)uid;
	if (getuid() == 0 && sudo && text_to_u64(sudo, UINT32_MAX - 1, &uid))
		return (uid_t)uid;
	return getuid();
}

const char *
person_name(char out[USER_MAX])
{
	char first[NAME_MAX_LEN], now[NAME_MAX_LEN];

	name_of(login(), first);
	name_of(getuid(), now);
	if (strcmp(first, now) == 0)
		snprintf(out, USER_MAX, "%s", first);
	else
		snprintf(out, USER_MAX, "%s as %s", first, now);
	return out;
}
