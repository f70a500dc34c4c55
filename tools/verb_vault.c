/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/out.h"
#include "tools/postage.h"

int
verb_vault(int argc, char **argv, const struct options *o)
{
	(void)argc;
	(void)argv;
	(void)o;
	return out_usage("postage vault create|status|audit|refill|pin ...");
}
