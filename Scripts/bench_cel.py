"""Measures conditions in the CEL packages of Python, for the benchmark that calls this.

Usage: bench_cel.py FILE, where FILE is a JSON list of {text, input, holds}. Prints one line of JSON:
for each package its name with its version, and the nanoseconds of each condition over what `true`
takes with the same input, at least 1; null where the package cannot evaluate it or comes out wrong.
"""

import importlib.metadata
import json
import sys
import time

ROUNDS = 7
ROUND_SECONDS = 0.02


def cel_cpp():
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_optional

    environment = cel.NewEnv(
        variables={"request": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)},
        extensions=[ext_optional.ExtOptional()],
    )

    def prepare(text, value):
        expression = environment.compile(text)
        activation = environment.Activation({"request": value})
        return lambda: expression.eval(activation), lambda result: result.value()

    return prepare


def cel_rust():
    import cel

    def prepare(text, value):
        program = cel.compile(text)
        context = {"request": value}
        return lambda: program.execute(context), lambda result: result

    return prepare


def cel_pure():
    import celpy

    environment = celpy.Environment()

    def prepare(text, value):
        program = environment.program(environment.compile(text))
        activation = {"request": celpy.json_to_cel(value)}
        return lambda: program.evaluate(activation), bool

    return prepare


PACKAGES = {
    "cel-expr-python": cel_cpp,
    "common-expression-language": cel_rust,
    "cel-python": cel_pure,
}


def nanoseconds(call):
    """The best of several rounds, which noise can only make worse."""
    start = time.perf_counter_ns()
    call()
    once = max(200, time.perf_counter_ns() - start)
    count = max(1, int(ROUND_SECONDS * 1e9 / once))
    best = float("inf")
    for _ in range(ROUNDS):
        turns = range(count)
        start = time.perf_counter_ns()
        for _ in turns:
            call()
        best = min(best, (time.perf_counter_ns() - start) / count)
    return best


def measured(prepare, name, case):
    try:
        call, read = prepare(case["text"], case["input"])
        if read(call()) is not case["holds"]:
            raise ValueError("it comes out otherwise")
    except Exception as error:
        print(f"{name}: {case['text'][:60]}: {str(error)[:200]}", file=sys.stderr)
        return None
    empty, _ = prepare("true", case["input"])
    return max(1.0, nanoseconds(call) - nanoseconds(empty))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    told = []
    for name, package in PACKAGES.items():
        prepare = package()
        times = [measured(prepare, name, case) for case in cases]
        version = importlib.metadata.version(name)
        told.append({"name": f"{name} {version}", "nanoseconds": times})
    print(json.dumps(told))


main()
