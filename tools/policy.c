/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/cupsd.h"

#define CONF_RESOURCE "/admin/conf/cupsd.conf"
#define RESTART_TRIES 40 /* of a quarter of a second */

/* The lines for cupsd.conf. */
static const char policy_text[] =
    "\n# Queues that print postage: see postage(1), \"queue add\".\n"
    "<Policy postage>\n"
    "  JobPrivateAccess @OWNER @SYSTEM postage\n"
    "  JobPrivateValues default\n"
    "  SubscriptionPrivateAccess @OWNER @SYSTEM\n"
    "  SubscriptionPrivateValues default\n"
    "  <Limit Create-Job Print-Job Print-URI Validate-Job>\n"
    "    Order deny,allow\n"
    "  </Limit>\n"
    "  <Limit Send-Document Send-URI Hold-Job Release-Job Restart-Job "
    "Purge-Jobs Set-Job-Attributes Create-Job-Subscription "
    "Renew-Subscription Cancel-Subscription Get-Notifications Reprocess-Job "
    "Cancel-Current-Job Suspend-Current-Job Resume-Job Cancel-My-Jobs "
    "Close-Job CUPS-Move-Job Cancel-Job>\n"
    "    Require user @OWNER @SYSTEM\n"
    "    Order deny,allow\n"
    "  </Limit>\n"
    "  <Limit CUPS-Get-Document Pause-Printer Resume-Printer Enable-Printer "
    "Disable-Printer Pause-Printer-After-Current-Job Hold-New-Jobs "
    "Release-Held-New-Jobs Deactivate-Printer Activate-Printer "
    "Restart-Printer Shutdown-Printer Startup-Printer Promote-Job "
    "Schedule-Job-After Cancel-Jobs CUPS-Accept-Jobs CUPS-Reject-Jobs "
    "CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Set-Default>\n"
    "    AuthType Default\n"
    "    Require user @SYSTEM\n"
    "    Order deny,allow\n"
    "  </Limit>\n"
    "  <Limit All>\n"
    "    Order deny,allow\n"
    "  </Limit>\n"
    "</Policy>\n";

/* The scheduler's cupsd.conf in an unnamed file, from its beginning. */
static FILE *
fetch_conf(http_t *http, struct err *e)
{
	FILE *f = tmpfile();
	http_status_t status;

	if (f == NULL) {
		err_system(e, "cannot make a temporary file");
		return NULL;
	}
	status = cupsGetFd(http, CONF_RESOURCE, fileno(f));
	if (status != HTTP_STATUS_OK) {
		err_set(e, ERR_DENIED,
		    "the scheduler does not give its cupsd.conf (%s)",
		    httpStatus(status));
		fclose(f);
		return NULL;
	}
	rewind(f);
	return f;
}

bool
policy_is_there(http_t *http, bool *there, struct err *e)
{
	FILE *f = fetch_conf(http, e);
	char line[4096];

	*there = false;
	if (f == NULL)
		return false;
	while (!*there && fgets(line, sizeof(line), f)) {
		const char *s = line + strspn(line, " \t");

		*there = strncasecmp(s, "<Policy ", 8) == 0 &&
			 strncasecmp(s + 8, POLICY_NAME ">", 8) == 0;
	}
	fclose(f);
	return true;
}

void
policy_read_line(struct policy_reader *r, const char *line)
{
	const char *s = line + strspn(line, " \t");

	if (strncasecmp(s, "<Policy ", 8) == 0)
		r->ours = strncasecmp(s + 8, POLICY_NAME ">", 8) == 0;
	else if (strncasecmp(s, "</", 2) == 0)
		r->printing = false;
	else if (strncasecmp(s, "<Limit ", 7) == 0)
		r->printing = strcasestr(s, "Print-Job") != NULL ||
			      strncasecmp(s + 7, "All>", 4) == 0;
	else if (strncasecmp(s, "Require ", 8) == 0 && r->ours && r->printing)
		r->wants = true;
}

bool
policy_wants_login(http_t *http, bool *wants, struct err *e)
{
	struct policy_reader r = {false, false, false};
	FILE *f = fetch_conf(http, e);
	char line[4096];

	*wants = false;
	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f))
		policy_read_line(&r, line);
	fclose(f);
	*wants = r.wants;
	return true;
}

static bool
append_and_put(http_t *http, const char *path, int fd, struct err *e)
{
	FILE *old = fetch_conf(http, e), *new = fdopen(fd, "w");
	http_status_t status;
	int c;

	if (old == NULL || new == NULL) {
		if (old)
			fclose(old);
		new ? (void)fclose(new) : (void)close(fd);
		return old == NULL ? false : err_system(e, "%s", path);
	}
	while ((c = fgetc(old)) != EOF)
		fputc(c, new);
	fputs(policy_text, new);
	fclose(old);
	if (fclose(new) != 0)
		return err_system(e, "%s", path);
	status = cupsPutFile(http, CONF_RESOURCE, path);
	if (status != HTTP_STATUS_CREATED)
		return err_set(e, ERR_DENIED,
		    "the scheduler does not take a new cupsd.conf (%s)",
		    httpStatus(status));
	return true;
}

static bool
add_policy(http_t **http, struct err *e)
{
	char path[] = "/tmp/postage-conf.XXXXXX";
	int fd = mkstemp(path);
	bool done, there = false;

	if (fd < 0)
		return err_system(e, "cannot make a temporary file");
	done = append_and_put(*http, path, fd, e);
	unlink(path);
	for (int i = 0; done && i < RESTART_TRIES; i++) {
		struct err plain = ERR_INIT;

		usleep(250 * 1000);
		httpClose(*http);
		*http = NULL;
		if (cupsd_connect(http, &plain) &&
		    policy_is_there(*http, &there, &plain) && there)
			return true;
	}
	if (done)
		done = err_set(e, ERR_ABSENT,
		    "the scheduler did not come back with its policy "
		    "\"postage\"; look into its error_log");
	return done;
}

bool
policy_ensure(http_t **http, bool add, struct err *e)
{
	bool there;

	if (!policy_is_there(*http, &there, e))
		return false;
	if (there)
		return true;
	if (add)
		return add_policy(http, e);
	return err_set(e, ERR_CONFIG,
	    "the scheduler has no policy \"postage\"; add --add-policy to have "
	    "it put into cupsd.conf");
}
