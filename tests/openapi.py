#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""openapi.py: is docs/openapi.yaml what postaged does?

    openapi.py SPEC                      the document alone
    openapi.py SPEC URL CA TOKEN POOR SUSPENDED
                                         against a server at URL, certified by
                                         CA; tokens of three user systems: with
                                         2.00, without value, suspended

Each documented operation is called.  An answer must have a documented status,
type and headers, and be valid by its schema, which here allows no key that is
not documented; each status that is named must have been seen.  What a request's
schema refuses the server must refuse, key by key.
"""
import copy
import http.client
import json
import secrets
import ssl
import sys
import urllib.parse

import jsonschema
import yaml

METHODS = ("get", "post", "put", "delete", "patch")
TODAY = 20261128
BODY_MAX = 64 * 1024
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

    def call(self, method, pattern, token=None, body=None, of=None, kind=None):
        """Status and document of an answer, and what is wrong with it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        path = pattern.replace("{id}", of or "")
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
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
                        method, path, status) not in self.seen:
                    yield f"{method} {path}: no answer was {status}"


class Contract:
    """The calls, in an order that makes each answer come."""

    def __init__(self, server, token, poor, suspended):
        self.server = server
        self.token, self.poor, self.suspended = token, poor, suspended
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

    def nobody(self):
        for method, path, operation in self.server.spec.operations():
            if operation.get("security") == []:
                continue
            body = {} if method == "post" else None
            for what, token in (("no token", None), (
                    "a wrong one", self.token[:-1] + "g")):
                self.expect(f"{method} {path}: {what}", 401, method, path,
                            token=token, body=body)

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

    def refused(self):
        self.indicia("more than there is", 402, self.order(stamp(amount=99000)))
        self.indicia("without value", 402, dict(
            self.order(stamp()), fence="1"), token=self.poor)
        self.indicia("suspended", 403, dict(
            self.order(stamp()), fence="1"), token=self.suspended)
        self.indicia("a wrong total", 400, self.order(stamp(), total=11))
        for path in ("/v1/vault/indicia", "/v1/vault/find"):
            self.expect(f"{path}: too large", 413, "post", path,
                        token=self.token, body=b" " * (BODY_MAX + 1))
            self.expect(f"{path}: text", 415, "post", path, body=b"{}",
                        token=self.token, kind="text/plain")
            for body in (b"{", b"[]", b"", b'{"a":1,"a":1}'):
                self.expect(f"{path}: {body.decode()}", 400, "post", path,
                            token=self.token, body=body)
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
        spec = self.server.spec
        for name, whole in (("StampRequest", self.order), ("Order", None),
                            ("Keys", None)):
            schema = spec.doc["components"]["schemas"][name]
            sample = {"StampRequest": stamp(), "Order": self.order(stamp()),
                      "Keys": {"keys": [secrets.token_hex(16)]}}[name]
            path = "/v1/vault/find" if name == "Keys" else "/v1/vault/indicia"
            for what, value in broken(spec, schema, sample):
                faults = [] if list(spec.faults(schema, value)) else [
                    "it is valid"]
                body = whole(value) if whole else value
                status, _, more = self.server.call(
                    "post", path, token=self.token, body=body)
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
        yield "empty", ""
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
        server = Server(spec, arguments[1], arguments[2])
        contract = Contract(server, *arguments[3:])
        contract.public()
        contract.nobody()
        contract.good()
        contract.refused()
        contract.by_the_schema()
        contract.optional()
        check("every status that is named was seen", server.unseen())
    print(f"# {numbers['run'] - numbers['failed']} of {numbers['run']} passed")
    return numbers["failed"] != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
