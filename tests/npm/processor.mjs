// SPDX-License-Identifier: Apache-2.0
// processor: Stripe for the tests, put together of code that others wrote.
// The page comes from emulate; cards that pay or not, and Idempotency-Key, from
// stripe-stateful-mock; webhooks are signed by Stripe's own library.  Neither
// stand-in has all of it, so this stands before both and turns a PaymentIntent
// into a charge.  What can go wrong on the way is switched on by POST /control:
//
//	card	token of the card that the next page saves, and charges
//	swap	token of a card that stands for each saved one; "" = none
//	hooks	"after", "before" (the reply), "twice", "none"
//	lose	how many replies to POST are cut off, after the work was done
//	refuse	how many of these requests are cut off before it
//	delay	ms before such a reply
//
// It is run from a folder that has node_modules (npm ci of package-lock.json).
// PORT + 1 is taken too.
// usage: node processor.mjs PORT WEBHOOK-URL WEBHOOK-SECRET
import http from "node:http";
import { createEmulator } from "emulate";
import log from "loglevel";
import mock from "stripe-stateful-mock";
import Stripe from "stripe";

log.setLevel("silent");

const [port, hookUrl, hookSecret] = process.argv.slice(2);
const base = `http://127.0.0.1:${port}`;
const key = { authorization: "Bearer sk_test_stand_in" };
const sdk = new Stripe("sk_test_stand_in");
const control = { card: "tok_visa", swap: "", hooks: "after", lose: 0, refuse: 0,
	delay: 0 };
const pages = new Map();	// by number: what emulate does not keep
const replies = new Map();	// by Idempotency-Key, for the pages
const intents = new Map();	// by number: what a charge does not keep
const swaps = new Map();	// by Idempotency-Key: the card that stands there
const asked = { pages: 0, charges: 0, hooks: 0, refusedHooks: 0 };

// --- the stand-ins -----------------------------------------------------------

await createEmulator({ service: "stripe", port: Number(port) + 1,
	baseUrl: base });
const cards = http.createServer(mock.createExpressApp());
await new Promise((done) => cards.listen(0, "127.0.0.1", done));
const pageUrl = `http://127.0.0.1:${Number(port) + 1}`;
const cardUrl = `http://127.0.0.1:${cards.address().port}`;

async function ask(url, path, form, headers = {}) {
	const answer = await fetch(url + path, {
		method: form === undefined ? "GET" : "POST",
		headers: { ...key, ...headers }, redirect: "manual",
		body: form === undefined ? undefined : new URLSearchParams(form),
	});
	const text = await answer.text();

	return { status: answer.status, text, headers: answer.headers,
		json: () => JSON.parse(text) };
}

async function must(url, path, form, headers) {
	const answer = await ask(url, path, form, headers);

	if (answer.status !== 200)
		throw new Error(`${path}: ${answer.status} ${answer.text}`);
	return answer.json();
}

// --- webhooks ------------------------------------------------------------------

let events = 0;

async function tell(type, object) {
	const payload = JSON.stringify({ id: `evt_${++events}`, object: "event",
		api_version: "2026-01-01", type, data: { object } });
	const times = { none: 0, twice: 2 }[control.hooks] ?? 1;

	for (let i = 0; i < times; i++)
		await deliver(payload);
}

// As the processor does: again, until somebody takes it.
async function deliver(payload) {
	for (let i = 0; i < 5; i++) {
		asked.hooks++;
		const status = await fetch(hookUrl, { method: "POST",
			body: payload, headers: {
				"content-type": "application/json; charset=utf-8",
				"stripe-signature":
					sdk.webhooks.generateTestHeaderString(
						{ payload, secret: hookSecret }),
			} }).then((r) => r.status, () => 0);

		if (status === 200)
			return;
		asked.refusedHooks++;
		await new Promise((done) => setTimeout(done, 500));
	}
}

// --- pages -----------------------------------------------------------------------

const session = (text) => {
	const s = JSON.parse(text);

	return { ...s, ...pages.get(s.id)?.shown };
};

async function makePage(form, idempotency) {
	const unit = form.get("line_items[0][price_data][unit_amount]");
	const currency = form.get("line_items[0][price_data][currency]");
	const payment = form.get("metadata[payment]");

	if (replies.has(idempotency))
		return replies.get(idempotency);
	const product = await must(pageUrl, "/v1/products", {
		name: form.get("line_items[0][price_data][product_data][name]") });
	const price = await must(pageUrl, "/v1/prices", {
		product: product.id, currency, unit_amount: unit });
	const made = await must(pageUrl, "/v1/checkout/sessions", {
		mode: form.get("mode"), success_url: form.get("success_url"),
		"line_items[0][price]": price.id, "line_items[0][quantity]": 1,
		"metadata[payment]": payment });

	asked.pages++;
	pages.set(made.id, { payment, customer: form.get("customer"),
		shown: { amount_total: Number(unit), currency,
			payment_intent: null } });
	const answer = { status: 200, text: JSON.stringify(
		session(JSON.stringify(made))) };

	replies.set(idempotency, answer);
	return answer;
}

// A person has clicked: the card is saved and charged.
async function payPage(id) {
	const page = pages.get(id);
	const customer = page.customer ??
		(await must(cardUrl, "/v1/customers", { email: "x@example.org" })).id;
	const card = await must(cardUrl, `/v1/customers/${customer}/sources`,
		{ source: control.card });
	const charge = await must(cardUrl, "/v1/charges", { customer,
		source: card.id, amount: page.shown.amount_total,
		currency: page.shown.currency }, { "idempotency-key": id });
	const intent = keepIntent(charge, page.payment, customer, card.id);

	page.shown = { ...page.shown, payment_intent: intent.id, customer };
	await tell("payment_intent.succeeded", intent);
	await tell("checkout.session.completed", session(
		(await ask(pageUrl, `/v1/checkout/sessions/${id}`)).text));
}

// --- intents ----------------------------------------------------------------------

function keepIntent(charge, payment, customer, card) {
	const id = charge.id.replace("ch_", "pi_");

	intents.set(id, { payment, customer, card });
	return intentOf(charge);
}

function intentOf(charge, expanded = false) {
	const id = charge.id.replace("ch_", "pi_");
	const { payment, customer, card } = intents.get(id);

	return { id, object: "payment_intent", amount: charge.amount,
		amount_received: charge.amount, currency: charge.currency,
		customer, status: charge.status,
		latest_charge: charge.id, metadata: { payment },
		payment_method: expanded
			? { id: card, card: charge.payment_method_details.card }
			: card };
}

async function cardFor(form, idempotency) {
	if (!control.swap && !swaps.has(idempotency))
		return form.get("payment_method");
	if (!swaps.has(idempotency))
		swaps.set(idempotency, (await must(cardUrl,
			`/v1/customers/${form.get("customer")}/sources`,
			{ source: control.swap })).id);
	return swaps.get(idempotency);
}

async function makeIntent(form, idempotency) {
	const payment = form.get("metadata[payment]");
	const card = await cardFor(form, idempotency);
	const answer = await ask(cardUrl, "/v1/charges", {
		amount: form.get("amount"), currency: form.get("currency"),
		customer: form.get("customer"), source: card,
	}, { "idempotency-key": idempotency });

	asked.charges++;
	if (answer.status !== 200)
		return answer;
	const intent = keepIntent(answer.json(), payment,
		form.get("customer"), card);

	return { status: 200, text: JSON.stringify(intent),
		after: () => tell("payment_intent.succeeded", intent) };
}

async function showIntent(id) {
	const charge = await must(cardUrl,
		`/v1/charges/${id.replace("pi_", "ch_")}`);

	return { status: 200, text: JSON.stringify(intentOf(charge, true)) };
}

async function refund(id) {
	const charge = id.replace("pi_", "ch_");

	await must(cardUrl, "/v1/refunds", { charge });
	await tell("charge.refunded", {
		...await must(cardUrl, `/v1/charges/${charge}`),
		payment_intent: id, metadata: { payment: intents.get(id).payment },
	});
}

// Neither stand-in has disputes: what the processor tells of one, as its library's
// types have it.  `status` "needs_response" opens it, "won" or "lost" ends it; the
// money moves when it is opened and when it is won.
async function dispute(id, status, cents) {
	const charge = await must(cardUrl,
		`/v1/charges/${id.replace("pi_", "ch_")}`);
	const opened = status === "needs_response";
	const object = { id: id.replace("pi_", "du_"), object: "dispute",
		amount: cents || charge.amount, currency: charge.currency,
		charge: charge.id, payment_intent: id, reason: "fraudulent",
		status, metadata: {} };

	if (opened)
		await tell("charge.dispute.created", object);
	await tell(opened ? "charge.dispute.funds_withdrawn"
		: "charge.dispute.closed", object);
	if (status === "won")
		await tell("charge.dispute.funds_reinstated", object);
}

// What was really charged, and how often, as the cards' stand-in has it.
async function count() {
	const list = await must(cardUrl, "/v1/charges?limit=100");
	const good = list.data.filter((c) => c.status === "succeeded");

	return { ...asked, succeeded: good.length,
		mils: good.reduce((sum, c) => sum + 10 * c.amount, 0) };
}

// --- the way there ------------------------------------------------------------------

async function route(method, path, form, headers) {
	const idempotency = headers["idempotency-key"];
	const [, id, what] = path.match(/^\/checkout\/([\w-]+)(\/complete)?$/) ?? [];

	if (method === "POST" && path === "/control") {
		for (const [name, value] of form)
			control[name] = /^\d+$/.test(value) ? Number(value) : value;
		return { status: 200, text: JSON.stringify(control) };
	}
	if (method === "POST" && path === "/control/refund") {
		await refund(form.get("intent"));
		return { status: 200, text: "{}" };
	}
	if (method === "POST" && path === "/control/dispute") {
		await dispute(form.get("intent"), form.get("status"),
			Number(form.get("cents") ?? 0));
		return { status: 200, text: "{}" };
	}
	if (method === "GET" && path === "/control")
		return { status: 200, text: JSON.stringify(await count()) };
	if (path.startsWith("/v1/") &&
	    headers.authorization !== key.authorization)
		return ask(cardUrl, "/v1/charges", undefined,
			{ authorization: headers.authorization ?? "" });
	if (method === "POST" && path === "/v1/checkout/sessions")
		return makePage(form, idempotency);
	if (method === "POST" && path === "/v1/payment_intents")
		return makeIntent(form, idempotency);
	if (method === "GET" && path.startsWith("/v1/payment_intents/"))
		return showIntent(path.split("/")[3]);

	const answer = await ask(pageUrl, path,
		method === "POST" ? form : undefined);

	if (method === "GET" && path.startsWith("/v1/checkout/sessions/"))
		answer.text = JSON.stringify(session(answer.text));
	if (what && answer.status === 302)
		await payPage(id);
	return answer;
}

async function handle(request, response) {
	const url = new URL(request.url, base);
	const parts = [];

	for await (const part of request)
		parts.push(part);
	const work = request.method === "POST" &&
		url.pathname.startsWith("/v1/");

	if (work && control.refuse > 0) {
		control.refuse--;
		return request.socket.destroy();
	}
	const answer = await route(request.method, url.pathname,
		new URLSearchParams(Buffer.concat(parts).toString()),
		request.headers);

	if (answer.after && control.hooks === "before")
		await answer.after();
	if (work && control.delay > 0)
		await new Promise((done) => setTimeout(done, control.delay));
	if (work && control.lose > 0) {
		control.lose--;
		request.socket.destroy();
	} else {
		response.writeHead(answer.status, {
			"content-type": answer.headers?.get("content-type") ??
				"application/json",
			...(answer.headers?.get("location")
				? { location: answer.headers.get("location") } : {}),
		});
		response.end(answer.text);
	}
	if (answer.after && control.hooks !== "before")
		await answer.after();
}

http.createServer((request, response) =>
	handle(request, response).catch((wrong) => {
		console.error(wrong);
		response.writeHead(500).end(JSON.stringify(
			{ error: { type: "api_error", message: String(wrong) } }));
	})).listen(Number(port), "127.0.0.1", () => console.log("ready"));
