"""A collector of traces: takes OTLP over HTTP with JSON, as its specification says, and misbehaves as told.

It checks each request by the protocol's own rules (types, ids, times), written here from the specification and
not from our encoder.
"""
import json
import re

from .webhook import WebhookReceiver

PATH = "/v1/traces"
SPAN_FIELDS = {"traceId", "spanId", "parentSpanId", "flags", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
               "attributes", "links", "droppedLinksCount", "status"}


class Malformed(AssertionError):
    pass


def need(condition, what):
    if not condition:
        raise Malformed(what)


def is_id(text, digits):
    return isinstance(text, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", text) and set(text) != {"0"}


def values_of(attributes):
    """{key: value} of an attribute list."""
    found = {}
    for attribute in attributes:
        need(set(attribute) == {"key", "value"} and attribute["key"] not in found, f"attribute {attribute}")
        (kind, value), = attribute["value"].items()
        need(isinstance(value, str) and (kind == "stringValue" or kind == "intValue" and re.fullmatch("-?[0-9]+", value)),
             f"attribute {attribute}")
        found[attribute["key"]] = int(value) if kind == "intValue" else value
    return found


def span_of(raw, resource):
    need(set(raw) <= SPAN_FIELDS, f"fields {set(raw) - SPAN_FIELDS}")
    need(is_id(raw["traceId"], 32) and is_id(raw["spanId"], 16), f"ids of {raw}")
    need(raw.get("parentSpanId") is None or is_id(raw["parentSpanId"], 16), f"parent of {raw}")
    need(raw["kind"] in (1, 2, 3, 4, 5) and raw["name"], f"kind and name of {raw}")
    for name in ("startTimeUnixNano", "endTimeUnixNano"):
        need(isinstance(raw[name], str) and raw[name].isdigit(), f"{name} is a 64-bit number as text: {raw[name]!r}")
    need(int(raw["startTimeUnixNano"]) <= int(raw["endTimeUnixNano"]), f"times of {raw}")
    for link in raw.get("links", []):
        need(is_id(link["traceId"], 32) and is_id(link["spanId"], 16), f"link {link}")
    return {"trace": raw["traceId"], "id": raw["spanId"], "parent": raw.get("parentSpanId"), "name": raw["name"],
            "kind": raw["kind"], "links": [link["spanId"] for link in raw.get("links", [])],
            "seconds": (int(raw["endTimeUnixNano"]) - int(raw["startTimeUnixNano"])) / 1e9,
            "error": raw.get("status", {}).get("code") == 2, **values_of(raw["attributes"]), "resource": resource}


class Collector(WebhookReceiver):
    """rule(PATH, …) makes it fail; see WebhookReceiver."""

    def spans(self):
        """Every span of the requests that it took, in the order of their arrival."""
        found = []
        for request in self.taken(PATH):
            need(request["method"] == "POST" and request["headers"]["content-type"] == "application/json", "a request")
            body = json.loads(request["body"])
            need(set(body) == {"resourceSpans"}, "a request's fields")
            for part in body["resourceSpans"]:
                resource = values_of(part["resource"]["attributes"])
                for scope in part["scopeSpans"]:
                    need(scope["scope"]["name"] == "paperscout", "the scope")
                    found += [span_of(raw, resource) for raw in scope["spans"]]
        return found

    def named(self, name, **values):
        return [span for span in self.spans() if span["name"] == name and
                all(span.get(key) == value for key, value in values.items())]

    def path_to(self, span):
        """Its ancestors up to the root and itself; the root first. An ancestor that is missing ends it with None."""
        spans = {(one["trace"], one["id"]): one for one in self.spans()}
        path = [span]
        while path[0] is not None and path[0]["parent"] is not None:
            path.insert(0, spans.get((path[0]["trace"], path[0]["parent"])))
        return path
