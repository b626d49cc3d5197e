"""Measures conditions in the CEL packages of Python, for the benchmark that calls this.

Usage: bench_cel.py FILE, where FILE is a JSON list of {text, input, holds}. Prints one line of JSON:
for each package its name with its version, and the nanoseconds of each condition over what `true`
takes with the same input, or why it is left out: the package cannot evaluate it, it comes out wrong,
or it takes no more than what `true` varies by.
"""

import importlib.metadata
import json
import statistics
import sys
import time

ROUNDS = 9
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


def nanoseconds(call, count):
    turns = range(count)
    start = time.perf_counter_ns()
    for _ in turns:
        call()
    return (time.perf_counter_ns() - start) / count


def fitting(call):
    """How often it is called in one round."""
    call()
    return max(1, int(ROUND_SECONDS * 1e9 / max(200.0, nanoseconds(call, 10))))


def measured(prepare, case):
    """The best rounds of both, taken in turns; noise can only make a round worse."""
    call, read = prepare(case["text"], case["input"])
    if read(call()) is not case["holds"]:
        raise ValueError("it comes out otherwise")
    empty, _ = prepare("true", case["input"])
    counts = fitting(call), fitting(empty)
    whole, base = [], []
    for _ in range(ROUNDS):
        whole.append(nanoseconds(call, counts[0]))
        base.append(nanoseconds(empty, counts[1]))
    net = min(whole) - min(base)
    noise = statistics.median(base) - min(base)
    if net <= noise:
        raise ValueError(
            f"{net:.0f} ns cannot be told from the noise of a call, {min(base):.0f} ns and up to "
            f"{noise:.0f} ns more"
        )
    return net


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    told = []
    for name, package in PACKAGES.items():
        prepare = package()
        figures = []
        for case in cases:
            try:
                figures.append({"nanoseconds": measured(prepare, case)})
            except Exception as error:
                figures.append({"left_out": str(error).strip().split("\n")[0][:200]})
        told.append({"name": f"{name} {importlib.metadata.version(name)}", "figures": figures})
    print(json.dumps(told))


main()
