"""Holds our requests and recorded answers against the official Python clients.

Usage: check_clients.py FOLDER, where FOLDER is what ClientRequestTests wrote. A request must fit the
client's own request types, with nothing unknown to them, and arrive as written when the client sends
it. A recorded answer must fit the client's own answer types, and the client must read from it what
our decoder is recorded to read. A recorded error must be raised as the client's error of that status.
"""

import http.server
import importlib.metadata
import importlib.util
import json
import pathlib
import sys
import threading
import typing

import pydantic
import typing_extensions

# The request types say Iterable, which pydantic checks only when somebody iterates, and a protocol,
# which it cannot check at all. Both are lists in JSON.
iterable, typing.Iterable = typing.Iterable, typing.List
import anthropic
import openai
from anthropic.types import Message, message_create_params
from openai.types.chat import ChatCompletion, completion_create_params
from openai.types.responses import Response, response_create_params

typing.Iterable = iterable

CASES = pathlib.Path(__file__).resolve().parent.parent / "Tests/ModelsTests/Cases"

# Kinds of failure that a sound body can come to.
SOUND = {"refusal", "truncated", "filtered"}

# Recorded answers that are not the official API's own, each with the reason. The clients' types need
# not fit them; the clients must build them all the same, and read what our decoder reads.
FOREIGN = {
    "chat/a-log-probability-that-is-no-number-gives-no-confidence": "null where a number belongs",
    "chat/a-negative-or-fractional-usage-is-none": "a proxy's tokens that are no counts",
    "chat/an-unknown-finish-reason-is-no-failure": "a finish reason of another server",
    "chat/content-in-parts-is-joined": "another server gives the text in parts",
    "responses/ollama-gives-no-logprobs-and-no-details-of-usage": "Ollama tells no details of usage",
    "decisions/no-probabilities-at-all-give-no-confidence": "another server gives no probabilities",
}

# Requests with members that the newest client carries in extra_body alone. Models before Opus 4.7
# take them under version 2023-06-01, the one we ask for; they are sent where a prompt sets them.
SAMPLING = {"temperature", "top_p"}
EXTRA = {"messages-sampling": SAMPLING, "messages-tool-sampling": SAMPLING}

# Headers that a client sends under another name. The API takes the key in either.
RENAMED = {"x-api-key": "authorization"}


def strict_lists() -> None:
    """Makes a sequence a list and every unknown member of a request an error."""

    def schema(cls, source, handler):
        return handler(typing.List[typing.get_args(source) or (object,)][0])

    for package in (openai, anthropic):
        sequence = sys.modules[f"{package.__name__}._types"].SequenceNotStr
        sequence.__get_pydantic_core_schema__ = classmethod(schema)
    for name, module in list(sys.modules.items()):
        if name.startswith(("openai.types", "anthropic.types")):
            for value in list(vars(module).values()):
                if typing_extensions.is_typeddict(value):
                    value.__pydantic_config__ = pydantic.ConfigDict(
                        extra="forbid", arbitrary_types_allowed=True
                    )


class Raw(dict):
    """A JSON object whose members are read as the clients' objects are; a missing one is None."""

    def __getattr__(self, name):
        return self.get(name)


def plain(value):
    """The JSON behind a client's object, as far as it was sent."""
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)


def count(holder, *names) -> int:
    for name in names:
        holder = getattr(holder, name, None)
    return max(holder, 0) if isinstance(holder, int) else 0


def openai_usage(usage, given: str, made: str) -> list[int]:
    return [
        count(usage, f"{given}_tokens"),
        count(usage, f"{given}_tokens_details", "cached_tokens"),
        count(usage, f"{made}_tokens"),
        count(usage, f"{made}_tokens_details", "reasoning_tokens"),
    ]


def tokens(entries) -> list:
    def one(entry):
        return (entry.token, entry.logprob, entry.bytes)

    return [(one(entry), [one(other) for other in entry.top_logprobs or []]) for entry in entries]


def joined(content):
    """The text, which some servers give in parts."""
    return "".join(part["text"] for part in content) if isinstance(content, list) else content


def read_chat(answer) -> dict:
    mark = getattr(answer, "system_fingerprint", None)
    return {
        "texts": [joined(choice.message.content) for choice in answer.choices],
        "refusals": [choice.message.refusal for choice in answer.choices],
        "finish": answer.choices[0].finish_reason,
        "finishes": [choice.finish_reason for choice in answer.choices],
        "usage": openai_usage(answer.usage, "prompt", "completion"),
        "version": f"{answer.model}@{mark}" if mark else answer.model,
        "tokens": [
            tokens((choice.logprobs and choice.logprobs.content) or []) for choice in answer.choices
        ],
    }


def read_responses(answer) -> dict:
    messages = [item for item in answer.output if item.type == "message"]
    parts = [part for message in messages for part in message.content]
    texts = [part for part in parts if part.type == "output_text"]
    details = answer.incomplete_details
    return {
        "texts": ["".join(part.text for part in texts)],
        "refusals": [part.refusal for part in parts if part.type == "refusal"],
        "finish": (details and details.reason) or answer.status,
        "usage": openai_usage(answer.usage, "input", "output"),
        "version": answer.model,
        "tokens": [tokens(part.logprobs or []) for part in texts],
    }


def read_messages(answer) -> dict:
    usage = answer.usage
    cached = count(usage, "cache_read_input_tokens")
    given = count(usage, "input_tokens") + count(usage, "cache_creation_input_tokens") + cached
    details = answer.stop_details
    return {
        "texts": ["".join(part.text for part in answer.content if part.type == "text")],
        "inputs": [part.input for part in answer.content if part.type == "tool_use"],
        "refusals": [details and details.explanation],
        "finish": answer.stop_reason,
        "usage": [given, cached, count(usage, "output_tokens"), 0],
        "version": answer.model,
    }


def read_decisions(answer) -> dict:
    answers = [
        (item.type, item.name, getattr(item, "choice", None), getattr(item, "probabilities", None))
        for item in answer.answers
    ]
    return {
        "choices": [
            (kind, name, choice, [(entry.value, entry.probability) for entry in listed or []])
            for kind, name, choice, listed in answers
        ],
        "usage": openai_usage(answer.usage, "input", "output"),
        "version": answer.model,
    }


class Shape(typing.NamedTuple):
    name: str
    request: pydantic.TypeAdapter
    answer: type
    send: typing.Callable
    read: typing.Callable


class Server:
    """Answers every request with `reply` and keeps what was asked."""

    def __init__(self):
        self.reply = (200, {}, b"{}")
        self.asked = None
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers.get("content-length") or 0)
                owner.asked = (self.path, self.headers, self.rfile.read(size))
                status, headers, body = owner.reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"


def shapes(url: str) -> list[Shape]:
    """The shapes that the installed clients speak."""
    talk = openai.OpenAI(base_url=f"{url}/v1", api_key="sk-1", max_retries=0)
    claude = anthropic.Anthropic(base_url=url, api_key="sk-1", max_retries=0)
    adapter = pydantic.TypeAdapter
    found = [
        Shape(
            "chat",
            adapter(completion_create_params.CompletionCreateParamsNonStreaming),
            ChatCompletion,
            talk.chat.completions.create,
            read_chat,
        ),
        Shape(
            "responses",
            adapter(response_create_params.ResponseCreateParamsNonStreaming),
            Response,
            talk.responses.create,
            read_responses,
        ),
        Shape(
            "messages",
            adapter(message_create_params.MessageCreateParamsNonStreaming),
            Message,
            claude.messages.create,
            read_messages,
        ),
    ]
    if importlib.util.find_spec("openai.types.decision_create_params"):
        from openai.types import decision_create_params
        from openai.types.decision import Decision

        params = adapter(decision_create_params.DecisionCreateParams)
        found.append(Shape("decisions", params, Decision, talk.decisions.create, read_decisions))
    return found


def serve(server: Server, case: dict) -> None:
    body = case["body"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    headers = {"content-type": "application/json"} | case.get("headers", {})
    server.reply = (case["status"], headers, text.encode())


def ask(shape: Shape):
    """Asks whatever the client takes, where only the answer matters."""
    talk = [{"role": "user", "content": "Where is it?"}]
    question = {"type": "choice", "instructions": "Decide.", "choices": [{"value": True}]}
    return shape.send(
        model="banker-1",
        **{
            "chat": {"messages": talk},
            "responses": {"input": talk},
            "messages": {"messages": talk, "max_tokens": 9},
            "decisions": {"input": "Where is it?", "questions": [question]},
        }[shape.name],
    )


def check_request(server: Server, shape: Shape, place: dict, path: pathlib.Path) -> None:
    """Fails where the client's types or its sending differ from the body."""
    body = json.loads(path.read_text())
    apart = EXTRA.get(path.stem, set())
    known = {name: value for name, value in body.items() if name not in apart}
    extra = {name: value for name, value in body.items() if name in apart}
    shape.request.validate_python(known, strict=True)
    shape.send(**known, extra_body=extra or None)
    asked, headers, sent = server.asked
    assert asked == "/v1" + place["path"], f"the client asks {asked}"
    for name in place["headers"]:
        assert headers.get(name) or headers.get(RENAMED.get(name, name)), f"it sends no {name}"
    assert json.loads(sent) == body, f"the client sends {sent.decode()}"


def holds(given, wanted) -> bool:
    """Whether everything wanted is in what is given."""
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(
            name in given and holds(given[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        same = isinstance(given, list) and len(given) == len(wanted)
        return same and all(map(holds, given, wanted))
    return given == wanted


def outputs(shape: str, read: dict) -> list:
    """What the policy could take from the answer, one for each sample."""
    if shape == "decisions":
        return [{name: choice} for kind, name, choice, _ in read["choices"] if kind == "choice"]
    found = list(read.get("inputs", []))
    for text in read["texts"]:
        try:
            found.append(json.loads(text or ""))
        except ValueError:
            continue
    return found


def check_answer(shape: Shape, stem: str, case: dict) -> None:
    """Fails where the client reads something else than our decoder is recorded to read."""
    text = json.dumps(case["body"])
    if f"{shape.name}/{stem}" not in FOREIGN:
        shape.answer.model_validate_json(text, strict=True)
    answer = ask(shape)
    assert type(answer) is shape.answer, f"the client builds {type(answer).__name__}"
    assert plain(answer) == case["body"], f"the client holds {json.dumps(plain(answer))}"
    read = shape.read(answer)
    raw = shape.read(json.loads(text, object_hook=Raw))
    assert read == raw, f"the client reads {read}, not {raw}"
    expected = case["expect"].get("answer") or case["expect"]["failure"]
    for name in ("finish", "usage", "version"):
        if name in expected:
            assert read[name] == expected[name], f"{name}: {read[name]}, not {expected[name]}"
    if "output" in expected:
        wanted = expected["output"]
        if shape.name == "decisions":
            wanted = {case["request"]["of"]: wanted[case["request"]["of"]]}
        found = outputs(shape.name, read)
        assert any(holds(one, wanted) for one in found), f"{wanted} is not among {found}"
    if expected.get("kind") == "refusal":
        said = json.dumps([read.get(name) for name in ("refusals", "choices", "texts")])
        word = "refusal" if shape.name == "decisions" else expected["contains"]
        assert word in said, f"no refusal in {said}"


def check_error(shape: Shape, status: int) -> None:
    """Fails where the client does not raise its error of the status."""
    try:
        ask(shape)
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        assert error.status_code == status, f"the client says {error.status_code}"
        return
    raise AssertionError("the client raises nothing")


def is_sound(case: dict) -> bool:
    expected = case["expect"]
    sound = "answer" in expected or expected["failure"]["kind"] in SOUND
    return case["status"] == 200 and isinstance(case["body"], dict) and sound


def said(error: Exception) -> str:
    """What is wrong, in few words: the types of a request have unions of dozens of branches."""
    if isinstance(error, pydantic.ValidationError):
        deepest = sorted(error.errors(), key=lambda one: -len(one["loc"]))[:3]
        places = [f"{one['loc'][-2:]}: {one['msg']}" for one in deepest]
        return f"{error.error_count()} objections of the type: {'; '.join(places)}"
    return f"{type(error).__name__}: {error}"


class Tally:
    """Counts what is tried and what holds."""

    def __init__(self):
        self.tried = self.held = 0

    def attempt(self, name: str, check: typing.Callable, *arguments) -> None:
        self.tried += 1
        try:
            check(*arguments)
            self.held += 1
        except Exception as error:
            print(f"miss: {name}: {said(error)[:800]}")

    def __str__(self):
        return f"{self.held} of {self.tried}"


def check_shape(shape: Shape, server: Server, folder: pathlib.Path) -> bool:
    """Prints the line of one shape; says whether nothing was missed."""
    files = sorted((CASES / shape.name).glob("*.json"))
    cases = {path.stem: json.loads(path.read_text()) for path in files}
    place = json.loads((folder / f"{shape.name}.json").read_text())
    requests, answers, failures = Tally(), Tally(), Tally()
    serve(server, next(case for stem, case in cases.items() if stem.startswith("the-documented")))
    for path in sorted(folder.glob(f"{shape.name}-*.json")):
        requests.attempt(path.stem, check_request, server, shape, place, path)
    for stem, case in cases.items():
        serve(server, case)
        if is_sound(case):
            answers.attempt(f"{shape.name}/{stem}", check_answer, shape, stem, case)
        elif case["status"] >= 400:
            failures.attempt(f"{shape.name}/{stem}", check_error, shape, case["status"])
    print(
        f"{shape.name}: requests accepted {requests}, answers built {answers}, "
        f"errors raised {failures}"
    )
    return all(tally.tried and tally.held == tally.tried for tally in (requests, answers, failures))


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    strict_lists()
    server = Server()
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("openai", "anthropic")]
    print(f"clients: {', '.join(versions)}")
    known = shapes(server.url)
    fine = [check_shape(shape, server, folder) for shape in known]
    if all(shape.name != "decisions" for shape in known):
        print("decisions: the openai client has none")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
