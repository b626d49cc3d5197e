"""What schemathesis should know of the example workspace: values that lead further than made-up ones.

Run by Scripts/check-api, it prepares decisions and reviews and notes them in a file; imported by
schemathesis, it puts them in the place of made-up ones. A quarter of the requests keep their own
values. Only what is valid is exchanged, for what is as valid.
"""

import json
import os
import pathlib
import sys
import urllib.request
import uuid

import schemathesis

PATH = pathlib.Path(os.environ["STEPGATE_KNOWN"])
# Identifiers by the operations that they are for, so that one act does not spoil another's.
KNOWN = json.loads(PATH.read_text()) if PATH.exists() else {}
EACH = 12

GRANT = {"grant": True, "limit": 12, "reason": "A known customer"}
INTENT = {"intent": "refund_request"}
CUSTOMER = {"id": "C-1", "tier": "gold"}
QUESTIONS = [
    {"policy": "refund-limit", "input": {"amount": amount, "days_since_delivery": 3, "customer": CUSTOMER}}
    for amount in (1, 50.5, 1_000)
] + [
    {"policy": "message-triage", "input": {"message": text, "customer": CUSTOMER}}
    for text in ("Where is my order?", "I want my money back", "\u00e9\U0001f4a5 \u0000")
]


class Turn:
    """Gives each kind of thing in turn, so that a run is the same every time."""

    def __init__(self):
        self.counts = {}

    def next(self, kind, things):
        count = self.counts[kind] = self.counts.get(kind, -1) + 1
        # Every fourth request keeps its own.
        return things[count % len(things)] if count % 4 and things else None


TURN = Turn()


def is_identifier(text) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except (TypeError, ValueError, AttributeError):
        return False


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and is_identifier(path_parameters.get("id")):
        label = context.operation.label
        found = TURN.next(label, KNOWN.get(label, KNOWN["any"][label.split("/")[2]]))
        if found:
            return {**path_parameters, "id": found}
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    # A cursor that was made up leads behind the end of most lists.
    if query and is_identifier(query.get("cursor")) and TURN.next("cursor", [True]):
        return {name: value for name, value in query.items() if name != "cursor"}
    return query


@schemathesis.hook
def map_body(context, body):
    label = context.operation.label
    if not isinstance(body, dict):
        return body
    if set(body) == {"policy", "input"} and isinstance(body["policy"], str):
        return TURN.next(label, QUESTIONS) or body
    if set(body) == {"output"}:
        found = TURN.next(label, [INTENT if label.endswith(":edit") else GRANT])
        return {"output": found} if found else body
    return body


class Client:
    def __init__(self, url: str, token: str):
        self.url, self.token = url, token

    def send(self, method: str, path: str, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        return json.load(urllib.request.urlopen(request))

    def ask(self, policy: str, **given) -> dict:
        return self.send("POST", "/v1/decisions", {"policy": policy, "input": given})


def prepare(url: str, admin: str, agent: str) -> dict:
    """Asks as one token for what another reviews; returns the identifiers by operation."""
    asker, judge = Client(url, agent), Client(url, admin)

    def some(make) -> list:
        return [make() for _ in range(EACH)]

    def review(policy: str, **given) -> str:
        found = asker.ask(policy, **given)
        assert found["state"] == "review", found
        return found["review"]

    def drafted() -> str:
        return review("message-triage", message="Good evening to you all", customer=CUSTOMER)

    def blank() -> str:
        return review("refund-limit", amount=900, days_since_delivery=3, customer=CUSTOMER)

    def claimed() -> str:
        found = drafted()
        judge.send("POST", f"/v1/reviews/{found}:claim")
        return found

    makers = {
        "claim": drafted, "renew": claimed, "release": claimed, "reassign": drafted,
        "approve": drafted, "edit": drafted, "decide": blank, "reject": blank,
    }
    known = {f"POST /v1/reviews/{{id}}:{act}": some(make) for act, make in makers.items()}
    small = {"amount": 5, "days_since_delivery": 3, "customer": CUSTOMER}
    large = {**small, "amount": 900}
    known["POST /v1/decisions/{id}/outcome"] = some(
        lambda: asker.ask("refund-limit", **small)["decision"]
    )
    known["POST /v1/decisions/{id}:withdraw"] = some(
        lambda: asker.ask("refund-limit", **large)["decision"]
    )
    decisions = judge.send("GET", "/v1/decisions?limit=500")["decisions"]
    reviews = judge.send("GET", "/v1/reviews?limit=500")["reviews"]
    known["any"] = {
        "decisions": [one["decision"] for one in decisions],
        "reviews": [one["review"] for one in reviews],
    }
    return known


if __name__ == "__main__":
    PATH.write_text(json.dumps(prepare(*sys.argv[1:])))
