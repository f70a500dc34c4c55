/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/side.h"

#include <cups/sidechannel.h>
#include <poll.h>
#include <stdbool.h>

#define ANSWER_S 1.0

/* False if nobody asks any more. */
static bool
answer(void)
{
	static const char one_way = CUPS_SC_BIDI_NOT_SUPPORTED;
	cups_sc_command_t command;
	cups_sc_status_t status;
	const char *data = "";
	char question[2048];
	int len = sizeof(question);

	if (cupsSideChannelRead(&command, &status, question, &len, ANSWER_S))
		return false;
	len = 0;
	switch (command) {
	case CUPS_SC_CMD_DRAIN_OUTPUT: status = CUPS_SC_STATUS_OK; break;
	case CUPS_SC_CMD_GET_BIDI:
		status = CUPS_SC_STATUS_OK;
		data = &one_way;
		len = 1;
		break;
	default: status = CUPS_SC_STATUS_NOT_IMPLEMENTED;
	}
	return cupsSideChannelWrite(command, status, data, len, ANSWER_S) == 0;
}

void
side_wait(int input)
{
	struct pollfd p[] = {{.fd = input, .events = POLLIN},
	    {.fd = CUPS_SC_FD, .events = POLLIN}};

	while (poll(p, 2, -1) > 0 && p[0].revents == 0)
		if (!(p[1].revents & POLLIN) || !answer())
			p[1].fd = -1;
}
