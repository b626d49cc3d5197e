"""What schemathesis should know of the example workspace: values that lead further than made-up ones.

Run by Scripts/check-api, it prepares decisions, reviews and runs and notes them in a file; imported by
schemathesis, it puts them in the place of made-up ones. A quarter of the requests keep their own
values. Only what is valid is exchanged, for what is as valid.
"""

import json
import os
import pathlib
import re
import sys
import time
import urllib.request
import uuid

import schemathesis

PATH = pathlib.Path(os.environ["STEPGATE_KNOWN"])
# What paths name, by the operations that it is for, so that one act does not spoil another's.
KNOWN = json.loads(PATH.read_text()) if PATH.exists() else {}
EACH = 12

GRANT = {"grant": True, "limit": 12, "reason": "A known customer"}
INTENT = {"intent": "refund_request"}
CUSTOMER = {"id": "C-1", "tier": "gold"}
DONE = {"done": True}
QUESTIONS = [
    {"policy": "refund-limit", "input": {"amount": amount, "days_since_delivery": 3, "customer": CUSTOMER}}
    for amount in (1, 50.5, 1_000)
] + [
    {"policy": "message-triage", "input": {"message": text, "customer": CUSTOMER}}
    for text in ("Where is my order?", "I want my money back", "\u00e9\U0001f4a5 \u0000")
]
STARTS = [
    {"flow": "quick", "input": {"text": "\u00e9\U0001f4a5 \u0000"}},
    {"flow": "quick", "input": {"text": "long " * 2_000}},
    {"flow": "called", "input": {}},
]
# Flows of which somebody asks without knowing what they take.
FLOWS = ("refund", "onboarding", "support-triage")


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


def is_like(pattern: str):
    return lambda text: isinstance(text, str) and re.fullmatch(pattern, text) is not None


def is_count(value) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value < 2**53 and value == int(value)


IDENTIFIER = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What paths name is exchanged where it is as the document says.
FITS = {
    "id": is_identifier, "run": is_identifier,
    "digest": is_like("[0-9a-f]{64}"), "release": is_like("[0-9a-fA-F]{6,64}"),
}
is_text = is_like("(?s:.*)")


def held(value):
    """The value with whole numbers that 64 bits hold.

    Others are refused wherever they stand, so that none is rounded. A schema cannot say so at every
    depth without ruling out 6e23, which is as whole a number to it.
    """
    if isinstance(value, dict):
        return {name: held(member) for name, member in value.items()}
    if isinstance(value, list):
        return [held(element) for element in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return value % 2**32
    return value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    label = context.operation.label
    parts = label.split("/")
    things = KNOWN.get(label, KNOWN["any"].get(parts[2] if len(parts) > 2 else "", []))
    if not path_parameters or not things or set(path_parameters) != set(things[0]):
        return path_parameters
    if all(FITS.get(name, is_text)(value) for name, value in path_parameters.items()):
        return TURN.next(label, things) or path_parameters
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    if not query or "cursor" not in query:
        return query
    cursor, others = query["cursor"], {name: value for name, value in query.items() if name != "cursor"}
    if context.operation.label == "GET /v1/runs":
        # A cursor is of one order, which no schema can say: each comes with its own.
        if is_like(rf"{IDENTIFIER}([.]([0-9a-f][0-9a-f])+)?")(cursor):
            found = TURN.next("cursor of runs", KNOWN["cursors"])
            return {**others, **found} if found else others
    # One that was made up leads behind the end of most lists.
    elif is_identifier(cursor) and TURN.next("cursor", [True]):
        return others
    return query


@schemathesis.hook
def map_headers(context, headers):
    # Nobody waits long for what does not come.
    for name, value in (headers or {}).items():
        if name.lower() == "prefer" and is_like("wait=[0-9]+")(value):
            return {**headers, name: "wait=1" if TURN.next("wait", [True]) else "wait=0"}
    return headers


@schemathesis.hook
def map_body(context, body):
    label = context.operation.label
    if label in ("POST /v1/callbacks/{token}", "POST /v1/events"):
        body = held(body)
    if not isinstance(body, dict):
        return body
    for name in {"input", "output"} & set(body):
        body = {**body, name: held(body[name])}
    if label == "POST /v1/runs":
        if not is_text(body.get("flow")) or "input" not in body:
            return body
        # Of a flow that is there, what fits the document may still not fit the flow.
        found = TURN.next(label, STARTS) or (STARTS[0] if body["flow"] in FLOWS else {})
        return {**body, **found}
    if label == "POST /v1/events" and is_text(body.get("type")) and body["type"]:
        return {**body, **(TURN.next(label, [{"type": "com.example.paid"}]) or {})}
    if label == "POST /v1/work:claim":
        kinds = body.get("kinds")
        if isinstance(kinds, list) and 0 < len(kinds) < 32 and all(map(is_text, kinds)):
            return {**body, "kinds": TURN.next(label, [["offered"]]) or kinds}
        return body
    if label.startswith("POST /v1/work/") and is_count(body.get("epoch")):
        found = {"epoch": KNOWN["epoch"]}
        if label.endswith(":complete"):
            found["output"] = DONE
        return {**body, **(TURN.next(f"{label} body", [found]) or {})}
    if label.endswith(":restart") and is_text(body.get("step")):
        # Always, as a run that was just started is there, and a 404 would say that it is not.
        return {**body, "step": "do"}
    if set(body) == {"policy", "input"} and isinstance(body["policy"], str):
        return TURN.next(label, QUESTIONS) or body
    if set(body) == {"output"} and label.startswith(("POST /v1/decisions", "POST /v1/reviews")):
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
    known = {
        f"POST /v1/reviews/{{id}}:{act}": [{"id": one} for one in some(make)]
        for act, make in makers.items()
    }
    small = {"amount": 5, "days_since_delivery": 3, "customer": CUSTOMER}
    large = {**small, "amount": 900}
    known["POST /v1/decisions/{id}/outcome"] = some(
        lambda: {"id": asker.ask("refund-limit", **small)["decision"]}
    )
    known["POST /v1/decisions/{id}:withdraw"] = some(
        lambda: {"id": asker.ask("refund-limit", **large)["decision"]}
    )
    known |= prepare_runs(judge, some)
    decisions = judge.send("GET", "/v1/decisions?limit=500")["decisions"]
    reviews = judge.send("GET", "/v1/reviews?limit=500")["reviews"]
    runs = judge.send("GET", "/v1/runs?limit=500")["runs"]
    known["any"] = {
        "decisions": [{"id": one["decision"]} for one in decisions],
        "reviews": [{"id": one["review"]} for one in reviews],
        "runs": [{"id": one["run"]} for one in runs],
    }
    return known


def prepare_runs(judge: Client, some) -> dict:
    """Runs in each state that an act is for: what their paths name, by operation."""

    def start(flow: str, text: str = "a") -> str:
        given = {"text": text} if flow in ("quick", "held", "offered") else {}
        return judge.send("POST", "/v1/runs", {"flow": flow, "input": given})["run"]

    def act(run: str, word: str) -> str:
        judge.send("POST", f"/v1/runs/{run}:{word}", {})
        return run

    def step(run: str) -> dict:
        return judge.send("GET", f"/v1/runs/{run}")["steps"][0]

    def until(found, *arguments):
        """What it finds once it finds something: a run that was started goes on by itself."""
        for _ in range(100):
            if value := found(*arguments):
                return value
            time.sleep(0.1)
        raise AssertionError(f"nothing came of {arguments}")

    def claim() -> list:
        claimed = {"kinds": ["held"], "limit": 100, "lease": "24h", "worker": "w1"}
        return judge.send("POST", "/v1/work:claim", claimed)["work"]

    def claimed() -> dict:
        start("held")
        item = until(claim)[0]
        assert known.setdefault("epoch", item["epoch"]) == item["epoch"], item
        return {"run": item["run"], "step": item["step"]}

    def dead(name: str) -> dict:
        found = claimed()
        path = "/v1/work/{run}/{step}:fail".format(**found)
        failed = judge.send("POST", path, {"epoch": known["epoch"], "message": "no"})
        assert failed["state"] == "dead", failed
        return {name: found["run"], "step": found["step"]}

    def address() -> dict:
        path = until(lambda run: step(run).get("callback_url"), start("called"))
        return {"token": path.rsplit("/", 1)[1]}

    def large() -> dict:
        run = start("quick", "long " * 2_000)
        href = judge.send("GET", f"/v1/runs/{run}")["input_at"]["href"]
        return {"id": run, "digest": href.rsplit("/", 1)[1]}

    known = {}
    for word in ("complete", "fail", "heartbeat"):
        known[f"POST /v1/work/{{run}}/{{step}}:{word}"] = some(claimed)
    for word in ("retry", "skip"):
        known[f"POST /v1/runs/{{id}}/steps/{{step}}:{word}"] = some(lambda: dead("id"))
    known["POST /v1/dead-letters/{run}/{step}:redrive"] = some(lambda: dead("run"))
    known["POST /v1/callbacks/{token}"] = some(address)
    known["GET /v1/runs/{id}/resources/{digest}"] = some(large)
    known["GET /v1/flows/{name}"] = [{"name": name} for name in FLOWS]
    for word in ("pause", "cancel", "restart"):
        known[f"POST /v1/runs/{{id}}:{word}"] = some(lambda: {"id": start("offered")})
    known["POST /v1/runs/{id}:resume"] = some(lambda: {"id": act(start("offered"), "pause")})
    some(lambda: start("heard"))
    known["cursors"] = []
    for order in ("newest", "oldest", "stage", "text", "-text"):
        found = judge.send("GET", f"/v1/runs?limit=1&flow=offered&sort={order}")["next"]
        assert found, order
        known["cursors"].append({"sort": order, "cursor": found})
    return known


if __name__ == "__main__":
    PATH.write_text(json.dumps(prepare(*sys.argv[1:])))
