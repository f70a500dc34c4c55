#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""openapi.py: is docs/openapi.yaml what postaged does?

    openapi.py SPEC                      the document alone
    openapi.py SPEC SERVER [PART...]     against a server; parts of class Contract

SERVER is a JSON file: url; authority, who certified it; tokens of user systems:
rich, poor (of another account, without value), suspended; of persons: post,
mailroom, boss (an administrator), auditor; webhook, a processor's secret; sheet, the first of 100,001 sheets.
Sheet 2000001 is poor's.

Each documented operation is called.  An answer must have a documented status,
type and headers, and be valid by its schema, which here allows no key that is
not documented; each status that is named must have been seen.  What a request's
schema refuses the server must refuse, key by key.
"""
import base64
import copy
import hashlib
import hmac
import http.client
import json
import re
import secrets
import ssl
import sys
import time
import urllib.parse

import jsonschema
import yaml

METHODS = ("get", "post", "put", "delete", "patch")
TODAY = 20261128
PSD = "XXPS0000000001"
BODY_MAX = 64 * 1024
PARTS = ("public", "nobody", "good", "orders", "sheets", "payments", "webhooks", "post",
         "field", "refunds", "books", "refused", "by_the_schema", "optional")
# What wants a letter that a PSD in the field has signed: t_field sees it.
ELSEWHERE = {("post", f"/v1/psds/{{id}}/{verb}", status)
             for verb in ("download", "audit", "refund")
             for status in ("200", "402", "403")}
numbers = {"run": 0, "failed": 0}


def check(what, faults):
    """`faults`: texts, none where all is well."""
    faults = list(faults)
    numbers["run"] += 1
    bad = bool(faults)
    numbers["failed"] += bad
    print(f"{'not ok' if bad else 'ok'} {numbers['run']} - {what}")
    for fault in faults:
        print(f"#    {fault}")


# --- the document -------------------------------------------------------------


class Spec:
    """openapi.yaml, with what it refers to."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.doc = yaml.safe_load(file)
        self.closed = copy.deepcopy(self.doc)
        for schema in self.closed["components"]["schemas"].values():
            close(schema)

    def look(self, part):
        """The part itself, where it is a reference."""
        while "$ref" in part:
            at = self.doc
            for name in part["$ref"].removeprefix("#/").split("/"):
                at = at[name]
            part = at
        return part

    def operations(self):
        for path, item in self.doc["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]

    def faults(self, schema, value):
        # References lead to parts of the schema's own document.
        judge = jsonschema.Draft202012Validator(
            {**schema, "components": self.closed["components"]})
        for error in judge.iter_errors(value):
            where = ".".join(map(str, error.absolute_path))
            yield f"{where}: {error.message}"


def close(schema):
    """No key but those that are named, here and below."""
    if schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    for part in schema.get("properties", {}).values():
        close(part)


def references(part):
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def lost_references(spec):
    for ref in set(references(spec.doc)):
        try:
            spec.look({"$ref": ref})
        except KeyError:
            yield f"{ref} is not there"


def unused_parts(spec):
    used = set(references(spec.doc))
    for group in ("schemas", "responses", "headers"):
        for name in spec.doc["components"][group]:
            if f"#/components/{group}/{name}" not in used:
                yield f"{group}/{name} is used nowhere"


def bad_schemas(spec):
    for name, schema in spec.doc["components"]["schemas"].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            yield f"{name}: {error.message}"
        extra = set(schema.get("required", [])) - set(
            schema.get("properties", {}))
        yield from (f"{name}: {key} is required and not there" for key in extra)


def bad_operations(spec):
    names = [operation["operationId"] for _, _, operation in spec.operations()]
    if len(set(names)) != len(names):
        yield "an operationId twice"
    for method, path, operation in spec.operations():
        free = operation.get("security") == []
        if "default" not in operation["responses"]:
            yield f"{method} {path}: no default answer"
        if free == ("401" in operation["responses"]):
            yield f"{method} {path}: 401 and security do not agree"


def bad_examples(spec):
    for method, path, operation in spec.operations():
        if "requestBody" in operation:
            body = operation["requestBody"]["content"]["application/json"]
            for fault in spec.faults(body["schema"], body["example"]):
                yield f"{method} {path}: {fault}"


def check_document(spec):
    check("what is referred to is there", lost_references(spec))
    check("and what is there is referred to", unused_parts(spec))
    check("schemas are schemas", bad_schemas(spec))
    check("operations are whole", bad_operations(spec))
    check("examples are valid", bad_examples(spec))


# --- the server ---------------------------------------------------------------


class Server:
    """Asks, and holds each answer against the document."""

    def __init__(self, spec, url, authority):
        self.spec = spec
        self.place = urllib.parse.urlsplit(url)
        self.tls = ssl.create_default_context(cafile=authority)
        self.seen = set()

    def send(self, method, path, body, headers):
        link = http.client.HTTPSConnection(
            self.place.hostname, self.place.port, context=self.tls, timeout=20)
        if body is not None and len(body) > BODY_MAX:
            # It closes at the head; what is sent then could take its answer.
            link.putrequest(method.upper(), path)
            headers = {**headers, "Content-Length": len(body)}
            for name, value in headers.items():
                link.putheader(name, value)
            link.endheaders()
        else:
            link.request(method.upper(), path, body, headers)
        answer = link.getresponse()
        content = answer.read()
        link.close()
        return answer.status, answer.headers, content

    def call(self, method, pattern, token=None, body=None, of="0", kind=None,
             secret=None, query=""):
        """Status and document of an answer, and what is wrong with it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        path = re.sub("{[a-z]+}", of, pattern) + query
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        if secret:
            headers["Stripe-Signature"] = signature(secret, body)
        status, fields, content = self.send(method, path, body, headers)
        operation = self.spec.doc["paths"][pattern][method]
        name = str(status) if str(status) in operation["responses"] else (
            "default" if status >= 400 else None)
        self.seen.add((method, pattern, str(status)))
        if name is None:
            return status, None, [f"status {status} is not documented"]
        response = self.spec.look(operation["responses"][name])
        value, faults = self.judge(response, status, fields, content)
        return status, value, [f"{status}: {fault}" for fault in faults]

    def judge(self, response, status, fields, content):
        faults = []
        value = None
        kind = fields.get("Content-Type", "").split(";")[0]
        for name, part in response.get("headers", {}).items():
            if fields.get(name) is None:
                faults.append(f"no header {name}")
            else:
                faults += self.spec.faults(
                    self.spec.look(part)["schema"], fields[name])
        if kind not in response["content"]:
            return None, faults + [f'type "{kind}" is not documented']
        if kind.endswith("json"):
            value = json.loads(content)
            faults += self.spec.faults(
                response["content"][kind]["schema"], value)
        if kind == "application/problem+json":
            if value.get("status") != status:
                faults.append("the document has another status")
            if value.get("instance") != fields.get("X-Request-Id"):
                faults.append("the document is of another request")
        return value, faults

    def unseen(self):
        for method, path, operation in self.spec.operations():
            for status in operation["responses"]:
                if status != "default" and (
                        method, path, status) not in self.seen | ELSEWHERE:
                    yield f"{method} {path}: no answer was {status}"


def signature(secret, body):
    """As a processor signs what it tells."""
    now = str(int(time.time()))
    code = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256)
    return f"t={now},v1={code.hexdigest()}"


class Contract:
    """The calls, in an order that makes each answer come."""

    def __init__(self, server, known):
        self.server = server
        self.known = known
        self.token, self.poor = known["rich"], known["poor"]
        self.fence = "1"

    def expect(self, what, want, method, path, **how):
        status, value, faults = self.server.call(method, path, **how)
        if status != want:
            detail = (value or {}).get("detail", "")
            faults.append(f"status {status}, not {want}: {detail}")
        check(what, faults)
        return value or {}

    def order(self, *stamps, **other):
        total = sum(s["amount"] for s in stamps
                    if isinstance(s.get("amount"), int))
        return {"fence": self.fence, "total": total, "stamps": list(stamps),
                **other}

    def indicia(self, what, want, body, token=None, **how):
        return self.expect(what, want, "post", "/v1/vault/indicia",
                           token=token or self.token, body=body, **how)

    def public(self):
        self.expect("health", 200, "get", "/v1/health")
        for name in ("authority", "XX", "XXPS0000000001"):
            self.expect(f"certificate {name}", 200, "get",
                        "/v1/certificates/{id}", of=name)
        self.expect("a certificate that is not", 404, "get",
                    "/v1/certificates/{id}", of="XXPS0000009999")
        self.expect("revoked certificates", 200, "get", "/v1/crl")

    def nobody(self):
        for method, path, operation in self.server.spec.operations():
            if operation.get("security") == []:
                continue
            body = {} if method == "post" else None
            for what, token in (("no token", None), (
                    "a wrong one", self.token[:-1] + "g")):
                self.expect(f"{method} {path}: {what}", 401, method, path,
                            token=token, body=body)
            if "security" not in operation:
                self.expect(f"{method} {path}: a person", 403, method, path,
                            token=self.known["mailroom"], body=body)

    def good(self):
        value = self.expect("status", 200, "get", "/v1/vault",
                            token=self.token)
        self.fence = value.get("fence", "1")
        first = stamp(cost="A")
        answer = self.indicia("stamps", 200, self.order(first, stamp()))
        again = self.indicia("the same again", 200, self.order(first))
        same = (answer.get("stamps", [{}])[0].get("indicium") ==
                again.get("stamps", [{}])[0].get("indicium"))
        check("are the same bytes", [] if same else ["they are not"])
        self.indicia("the key of another stamp", 422,
                     self.order(dict(first, amount=11)))
        self.expect("funds ahead", 200, "post", "/v1/vault/funds",
                    token=self.token, body={"needed": 10})
        self.expect("the last stamps", 200, "get", "/v1/vault/recent",
                    token=self.token)
        keys = [first["key"], secrets.token_hex(16)]
        value = self.expect("what there is of two", 200, "post",
                            "/v1/vault/find", token=self.token,
                            body={"keys": keys})
        self.indicia("an old fence", 409, self.order(stamp()))
        self.fence = value.get("fence", "2")
        check("one of two was found", [] if len(value.get("stamps", [])) == 1
              else ["not one"])

    def orders(self):
        first, second = stamp(amount=20), stamp(amount=30)
        body = {"key": secrets.token_hex(16), "stamps": [first, second]}
        path = "/v1/orders"
        quote = self.expect("a quote", 200, "post", "/v1/quote",
                            token=self.token, body={"stamps": [first]})
        check("is of that sum", [] if quote.get("total") == 20 and
              quote.get("short") == 0 else [quote])
        placed = self.place("an order", 200, body)
        again = self.place("the same again", 200, body)
        check("is the same", [] if placed == again else [again])
        self.place("the key of another order", 422,
                   dict(body, stamps=[first]))
        number = str(placed.get("order"))
        one, buy = path + "/{id}", path + "/{id}/checkout"
        for method, of, token in (("get", number, self.poor),
                                  ("delete", number, self.poor),
                                  ("get", "0", None), ("get", "x", None)):
            self.expect(f"{method} order {of} of others", 404, method, one,
                        token=token or self.token, of=of)
        self.expect("an order", 200, "get", one, token=self.token, of=number)
        total = {"fence": self.fence, "total": 50}
        self.buy("a wrong total", 400, number, dict(total, total=49))
        self.buy("an old fence", 409, number, dict(total, fence="0"))
        self.buy("no order", 404, "0", total)
        sold = self.buy("checkout", 200, number, total)
        same = self.buy("twice", 200, number, total)
        check("are the same stamps", [] if all(
            a["indicium"] == b["indicium"] and b["replayed"]
            for a, b in zip(sold["stamps"], same["stamps"])) else [same])
        self.expect("what is bought", 400, "delete", one, token=self.token,
                    of=number)
        for path, body in (("/v1/quote", {"stamps": [dict(first, amount=21)]}),
                           (path, {"key": secrets.token_hex(16),
                                   "stamps": [dict(first, amount=21)]})):
            self.expect(f"{path}: the key of another stamp", 422, "post", path,
                        token=self.token, body=body)
            self.expect(f"{path}: suspended", 403, "post", path,
                        token=self.known["suspended"],
                        body=dict(body, stamps=[stamp()]))
            self.bodies(path, self.token)
        self.bodies(buy, self.token, of=number)
        self.meanwhile()

    def meanwhile(self):
        """Between order and checkout something happened."""
        path = "/v1/orders/{id}"
        key = stamp()
        number = self.ordered(key)
        self.indicia("its key", 200, self.order(dict(key, amount=11)))
        total = {"fence": self.fence, "total": 10}
        self.buy("the key of another stamp", 422, number, total)
        self.expect("dropped", 200, "delete", path, token=self.token,
                    of=number)
        self.buy("what was dropped", 404, number, total)
        label = stamp(sheet_serial=str(
            self.known["sheet"] + secrets.randbelow(100000)), label=1)
        number = self.ordered(label)
        self.indicia("its label", 200,
                     self.order(dict(label, key=secrets.token_hex(16))))
        self.buy("a label that is used", 403, number, total)
        number = self.ordered(stamp(amount=99000))
        self.buy("more than there is", 402, number, dict(total, total=99000))

    def ordered(self, *stamps):
        body = {"key": secrets.token_hex(16), "stamps": list(stamps)}
        return str(self.place("an order", 200, body).get("order"))

    def place(self, what, want, body):
        return self.expect(what, want, "post", "/v1/orders",
                           token=self.token, body=body)

    def buy(self, what, want, number, body):
        return self.expect(f"checkout: {what}", want, "post",
                           "/v1/orders/{id}/checkout", token=self.token,
                           of=number, body=body)

    def sheets(self):
        serial = str(self.known["sheet"] + secrets.randbelow(100000))
        path = "/v1/sheets/{serial}"
        self.expect("a new sheet", 200, "get", path, token=self.token,
                    of=serial)
        label = dict(sheet_serial=serial, label=2)
        self.indicia("a label", 200, self.order(stamp(**label)))
        self.indicia("a label twice", 403, self.order(stamp(**label)))
        value = self.expect("its sheet", 200, "get", path, token=self.token,
                            of=serial)
        check("has it used", [] if value.get("used") == [2] else [value])
        self.expect("a sheet of others", 403, "get", path, token=self.poor,
                    of=serial)
        self.expect("a sheet sold to others", 404, "get", path,
                    token=self.token, of="2000001")
        self.expect("a sheet that one bought", 200, "get", path,
                    token=self.poor, of="2000001")
        label = stamp(sheet_serial=serial, label=3, amount=0, kind=1)
        self.indicia("a correction on one's own", 200, self.order(label))
        self.indicia("a correction on nobody's", 403, self.order(stamp(
            sheet_serial=str(self.known["sheet"] + 100000), label=1,
            amount=0, kind=1)))
        self.expect("a sheet of nobody", 404, "get", path, token=self.token,
                    of="7")

    def payments(self):
        order = {"driver": "invoice", "amount": 500,
                 "key": secrets.token_hex(16)}
        first = self.pay("an invoice", 200, order)
        again = self.pay("the same again", 200, order)
        check("is the same", [] if first.get("id") == again.get("id") else [
            "it is not"])
        self.pay("by nobody", 400, dict(order, driver="nobody"))
        for what, want, token in (("shown", 200, self.token),
                                  ("of others", 404, self.poor)):
            self.expect(f"a payment {what}", want, "get", "/v1/payments/{id}",
                        token=token, of=str(first.get("id")))

        named = dict(order, account="Rich", key=secrets.token_hex(16))
        boss = self.known["boss"]
        value = self.pay("an invoice by a person", 200, named, boss)
        for what, want, body, token in (
                ("for no account", 400, order, boss),
                ("for another than its own", 400, dict(
                    named, account="Poor"), None),
                ("by another role", 403, named, self.known["mailroom"])):
            self.pay(what, want, body, token)
        for what, want, token in (("by a person", 200, "mailroom"),
                                  ("by another role", 403, "post")):
            self.expect(f"a payment shown {what}", want, "get",
                        "/v1/payments/{id}", token=self.known[token],
                        of=str(value.get("id")))

    def pay(self, what, want, body, token=None):
        return self.expect(what, want, "post", "/v1/payments",
                           token=token or self.token, body=body)

    def webhooks(self):
        path = "/v1/webhooks/{driver}"
        event = {"id": "evt_1", "object": "event", "type": "ping",
                 "data": {"object": {"id": "x", "object": "y"}}}
        for what, want, driver, secret in (
                ("signed", 200, "stripe", self.known["webhook"]),
                ("signed by others", 403, "stripe", "whsec_other"),
                ("unsigned", 403, "stripe", None),
                ("of a stranger", 404, "invoice", None)):
            self.expect(f"a webhook {what}", want, "post", path, of=driver,
                        body=event, secret=secret)
        self.bodies(path, None, of="stripe")

    def post(self):
        answer = self.indicia("a stamp", 200, self.order(stamp()))
        stamped = answer.get("stamps", [{}])[0].get("indicium", "")
        for path in ("/v1/verify", "/v1/cancel"):
            for what, data in (("a stamp", stamped), ("no stamp", "AAEC")):
                self.look(f"{path}: {what}", 200, path, data)
            self.look(f"{path}: by another role", 403, path, stamped,
                      token=self.known["mailroom"])
            self.bodies(path, self.known["post"])
        value = self.look("a stamp again", 200, "/v1/cancel", stamped)
        check("was used before", [] if value.get("verdict") == "DUPLICATE" and
              value.get("first") else [value])

    def field(self):
        """A letter that a PSD signed is for others to make: t_field."""
        for path, key in (("/v1/psds/{id}/download", "request"),
                          ("/v1/psds/{id}/audit", "audit"),
                          ("/v1/psds/{id}/refund", "request")):
            for what, want, psd in (("of no PSD", 404, "x"),
                                    ("not written so", 400, PSD)):
                self.expect(f"a letter {what}", want, "post", path, of=psd,
                            token=self.token, body={key: "AAEC"})
            self.bodies(path, self.token, of=PSD)

    def refunds(self):
        known = self.known
        spoiled = stamp()
        self.indicia("a stamp to be spoiled", 200, self.order(spoiled))
        ask = {"reason": "torn", "stamps": [{"key": spoiled["key"]}]}
        path = "/v1/refunds"
        first = self.expect("its refund", 200, "post", path, body=ask,
                            token=self.token)
        number = str(first.get("refund"))
        again = self.expect("the same again", 200, "post", path, body=ask,
                            token=self.token)
        check("is the same", [] if again == first else [again])
        other = stamp()
        self.indicia("another stamp", 200, self.order(other))
        both = dict(ask, stamps=[{"key": other["key"]}] * 2)
        self.expect("a stamp twice", 400, "post", path, body=both,
                    token=self.token)
        more = dict(ask, stamps=[{"key": spoiled["key"]},
                                 {"key": other["key"]}])
        self.expect("one of another refund", 403, "post", path, body=more,
                    token=self.token)
        self.bodies(path, self.token)
        self.expect("all refunds", 200, "get", path, token=known["auditor"])
        self.expect("for others", 403, "get", path, token=known["mailroom"])
        for what, want, token in (("shown", 200, self.token),
                                  ("of others", 404, self.poor)):
            self.expect(f"a refund {what}", want, "get", "/v1/refunds/{id}",
                        token=token, of=number)
        for verb, body in (("approve", {"method": "shredded"}),
                           ("reject", None)):
            path = f"/v1/refunds/{{id}}/{verb}"
            self.expect(f"{verb} by others", 403, "post", path, body=body,
                        token=known["mailroom"], of=number)
            self.expect(f"{verb} what is not", 400, "post", path, body=body,
                        token=known["boss"], of="9999999")
        self.bodies("/v1/refunds/{id}/approve", known["boss"], of=number)
        self.expect("approve", 200, "post", "/v1/refunds/{id}/approve",
                    body={"method": "shredded"}, token=known["boss"],
                    of=number)
        ask["stamps"] = [{"key": other["key"]}]
        second = self.expect("another refund", 200, "post", "/v1/refunds",
                             body=ask, token=self.token)
        self.expect("reject", 200, "post", "/v1/refunds/{id}/reject",
                    token=known["boss"], of=str(second.get("refund")))

    def books(self):
        boss, maid = self.known["boss"], self.known["mailroom"]
        for path, of, good in (("/v1/ledger", "", boss),
                               ("/v1/audit", "", self.known["auditor"]),
                               ("/v1/accounts/{name}", "Rich", maid),
                               ("/v1/customers/{name}", "Example", maid)):
            self.expect(path, 200, "get", path, token=good, of=of)
            self.expect(f"{path} for others", 403, "get", path, of=of,
                        token=self.known["post"])
        self.expect("transfers", 200, "get", "/v1/ledger", token=boss,
                    query="?account=invoice")
        self.expect("no account", 404, "get", "/v1/accounts/{name}",
                    token=boss, of="Nobody")
        self.customers(boss, maid)
        body = {"account": "Rich", "name": secrets.token_hex(8)}
        value = self.expect("a system", 200, "post", "/v1/systems", body=body,
                            token=boss)
        self.expect("the same again", 400, "post", "/v1/systems", body=body,
                    token=boss)
        self.expect("by others", 403, "post", "/v1/systems", body=body,
                    token=maid)
        self.bodies("/v1/systems", boss)
        for verb in ("token", "suspend", "resume", "limits", "withdraw"):
            path = f"/v1/systems/{{id}}/{verb}"
            body = {"day_max": 1000} if verb == "limits" else None
            for what, want, token, of in (
                    ("", 200, boss, value.get("system", "")),
                    (" by others", 403, maid, value.get("system", "")),
                    (" of none", 400, boss, "XXUS0000999999")):
                self.expect(f"{verb}{what}", want, "post", path, body=body,
                            token=token, of=of)
        self.bodies("/v1/systems/{id}/limits", boss, of=value.get("system"))

    def customers(self, boss, maid):
        self.expect("no customer", 404, "get", "/v1/customers/{name}",
                    token=boss, of="Nobody")
        path = "/v1/customers/{name}/limits"
        for what, want, token, of in (("limits", 200, boss, "Example"),
                                      ("by others", 403, maid, "Example"),
                                      ("of nobody", 404, boss, "Nobody")):
            self.expect(f"a customer's {what}", want, "post", path, of=of,
                        body={"day_max": 90000000}, token=token)
        self.bodies(path, boss, of="Example")

    def look(self, what, want, path, data, token=None):
        return self.expect(what, want, "post", path,
                           token=token or self.known["post"],
                           body={"indicium": data, "place": "belt 2"})

    def bodies(self, path, token, **how):
        """What is no body at all."""
        self.expect(f"{path}: too large", 413, "post", path, token=token,
                    body=b" " * (BODY_MAX + 1), **how)
        self.expect(f"{path}: text", 415, "post", path, body=b"{}",
                    token=token, kind="text/plain", **how)
        for body in (b"{", b"[]", b"", b'{"a":1,"a":1}') if token else ():
            self.expect(f"{path}: {body.decode()}", 400, "post", path,
                        token=token, body=body, **how)

    def refused(self):
        self.indicia("more than there is", 402, self.order(stamp(amount=99000)))
        self.indicia("without value", 402, dict(
            self.order(stamp()), fence="1"), token=self.poor)
        self.indicia("suspended", 403, dict(
            self.order(stamp()), fence="1"), token=self.known["suspended"])
        self.indicia("a wrong total", 400, self.order(stamp(), total=11))
        self.expect("more than an order could be", 403, "post",
                    "/v1/vault/funds", token=self.token,
                    body={"needed": 2 ** 60})
        for path in ("/v1/vault/indicia", "/v1/vault/find",
                     "/v1/vault/funds", "/v1/payments"):
            self.bodies(path, self.token)
        for method, path in (("DELETE", "/v1/vault"), ("GET", "/v2"),
                             ("POST", "/v1/health")):
            self.other_way(method, path)

    def other_way(self, method, path):
        """Not in the document; a problem like all others."""
        status, fields, content = self.server.send(method, path, None, {})
        problem = {"content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"}}}}
        _, faults = self.server.judge(problem, status, fields, content)
        if status not in (404, 405):
            faults.append(f"status {status}")
        check(f"{method} {path} is refused", faults)

    def by_the_schema(self):
        """The schema's word is the server's."""
        scanned = base64.b64encode(b"x").decode()
        payment = {"driver": "invoice", "amount": 500}
        for name, path, token, sample in (
                ("StampRequest", "/v1/vault/indicia", self.token, stamp()),
                ("Order", "/v1/vault/indicia", self.token,
                 self.order(stamp())),
                ("QuoteRequest", "/v1/quote", self.token,
                 {"stamps": [stamp()]}),
                ("OrderRequest", "/v1/orders", self.token,
                 {"key": secrets.token_hex(16), "stamps": [stamp()]}),
                ("Checkout", "/v1/orders/{id}/checkout", self.token,
                 {"fence": "1", "total": 1}),
                ("Funds", "/v1/vault/funds", self.token, {"needed": 1}),
                ("Keys", "/v1/vault/find", self.token,
                 {"keys": [secrets.token_hex(16)]}),
                ("PaymentRequest", "/v1/payments", self.token, payment),
                ("Look", "/v1/verify", self.known["post"],
                 {"indicium": scanned}),
                ("Cancellation", "/v1/cancel", self.known["post"],
                 {"indicium": scanned, "place": "x"}),
                ("Request", "/v1/psds/{id}/download", self.token,
                 {"request": scanned}),
                ("Audit", "/v1/psds/{id}/audit", self.token,
                 {"audit": scanned}),
                ("RefundList", "/v1/psds/{id}/refund", self.token,
                 {"request": scanned}),
                ("RefundRequest", "/v1/refunds", self.token,
                 {"reason": "x", "stamps": [{"key": "0" * 32}]}),
                ("Approval", "/v1/refunds/{id}/approve", self.known["boss"],
                 {"method": "x"}),
                ("SystemRequest", "/v1/systems", self.known["boss"],
                 {"account": "Rich", "name": "x"})):
            self.break_schema(name, path, token, sample)

    def break_schema(self, name, path, token, sample):
        spec = self.server.spec
        schema = spec.doc["components"]["schemas"][name]
        for what, value in broken(spec, schema, sample):
            faults = [] if list(spec.faults(schema, value)) else [
                "it is valid"]
            body = self.order(value) if name == "StampRequest" else value
            status, _, more = self.server.call(
                "post", path, token=token, body=body, of=PSD)
            if status != 400:
                more.append(f"status {status}, not 400")
            check(f"{name}: {what}", faults + more)

    def optional(self):
        schema = self.server.spec.doc["components"]["schemas"]["StampRequest"]
        most = {key: part["maximum"] if "maximum" in part else
                "X" * part.get("maxLength", 0)
                for key, part in schema["properties"].items()}
        self.optional_of(stamp(mailby=TODAY))
        full = stamp(origin_zip=most["origin_zip"], destination="90210123456",
                     sender_zip=most["sender_zip"], category=most["category"],
                     kind=0, price_list=most["price_list"], brief=False,
                     sheet_serial="0", label=0, cost=most["cost"])
        unset = set(schema["properties"]) - set(full) - {"mailby"}
        check("the sample has every key", (f"not {key}" for key in unset))
        self.optional_of(full)

    def optional_of(self, full):
        """All of it is taken, and without each key that may be left out."""
        schema = self.server.spec.doc["components"]["schemas"]["StampRequest"]
        self.indicia("with all keys", 200, self.order(full))
        for key in sorted(set(full) - set(schema["required"])):
            less = {k: v for k, v in full.items() if k != key}
            less["key"] = secrets.token_hex(16)
            self.indicia(f"without {key}", 200, self.order(less))


def stamp(**other):
    return {"key": secrets.token_hex(16), "amount": 10, "mail_date": TODAY,
            **other}


def broken(spec, schema, sample):
    """What `schema` refuses: (words, value), from a sample that it takes."""
    yield "a key that is unknown", dict(sample, unknown=1)
    for key in schema["required"]:
        yield f"without {key}", {k: v for k, v in sample.items() if k != key}
    for key, part in schema["properties"].items():
        part = {**spec.look(part), **part}
        for what, value in broken_values(part):
            yield f"{key} {what}", {**sample, key: value}


def broken_values(part):
    """The server counts bytes; a text that is too long is too long by either."""
    kind = part["type"]
    others = {"integer": "1", "string": 1, "boolean": 1, "array": {}}
    yield "of another type", others[kind]
    yield "null", None
    if kind == "integer":
        yield "a real", 1.5
        if "minimum" in part:
            yield "too small", part["minimum"] - 1
        if "maximum" in part:
            yield "too big", part["maximum"] + 1
    if "pattern" in part:
        yield "of other letters", "x"
        if not re.search(part["pattern"], ""):
            yield "empty", ""
    if "multipleOf" in part:
        yield "between", part["minimum"] + 1
    if "maxLength" in part:
        yield "too long", "x" * (part["maxLength"] + 1)
    if "minItems" in part:
        yield "empty", []
    if "maxItems" in part:
        yield "too many", [stamp()] * (part["maxItems"] + 1)


def main(arguments):
    spec = Spec(arguments[0])
    check_document(spec)
    if len(arguments) > 1:
        with open(arguments[1], encoding="utf-8") as file:
            known = json.load(file)
        server = Server(spec, known["url"], known["authority"])
        contract = Contract(server, known)
        for part in arguments[2:] or PARTS:
            getattr(contract, part)()
        if len(arguments) == 2:
            check("every status that is named was seen", server.unseen())
    print(f"# {numbers['run'] - numbers['failed']} of {numbers['run']} passed")
    return numbers["failed"] != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
