/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/person.h"

#include <pwd.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "dispense/persons.h"

#define NAME_MAX_LEN 256

static void
name_of(uid_t uid, char out[NAME_MAX_LEN])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw == NULL || !text_copy(out, NAME_MAX_LEN, pw->pw_name))
		snprintf(out, NAME_MAX_LEN, "%lu", (unsigned long)uid);
}

static void
add(char *out, const char *number)
{
	char name[NAME_MAX_LEN];
	uint64_t uid;

	if (number == NULL || !text_to_u64(number, UINT32_MAX - 1, &uid))
		return;
	name_of((uid_t)uid, name);
	persons_add(out, USER_MAX, name);
}

/* What the kernel keeps over sudo and su.  Whoever has none can give himself
 * any, once, without a right: it counts beside the others, not instead. */
static void
add_login(char *out)
{
	FILE *f = fopen("/proc/self/loginuid", "re");
	char text[24] = "";

	if (f == NULL)
		return;
	if (fgets(text, sizeof(text), f) != NULL)
		add(out, text);
	fclose(f);
}

const char *
person_name(char out[USER_MAX])
{
	char now[NAME_MAX_LEN];
	size_t used;

	out[0] = '\0';
	add_login(out);
	/* sudo(8) and pkexec(1) say who called them, over what he said. */
	add(out, getenv("SUDO_UID"));
	add(out, getenv("PKEXEC_UID"));
	name_of(getuid(), now);
	if (out[0] == '\0' || !persons_are_behind(now))
		persons_add(out, USER_MAX, now);
	used = strlen(out);
	if (!persons_include(out, now))
		snprintf(out + used, USER_MAX - used, " as %.*s",
		    PERSON_NAME_MAX, now);
	return out;
}
