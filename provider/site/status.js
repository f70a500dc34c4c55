/* SPDX-License-Identifier: Apache-2.0 */
"use strict";

/* What it says without this is a link to the same. */
const line = document.getElementById("status");

function say(text, good)
{
	line.textContent = text;
	line.className = good ? "status good" : "status bad";
}

document.getElementById("host").textContent = location.host;
fetch("/v1/health", { cache: "no-store" })
	.then((answer) => say(answer.ok
		? "The service is up."
		: "The service is here, and cannot issue stamps now.",
		answer.ok))
	.catch(() => say("The service does not answer.", false));
