#!/usr/bin/env python3
"""A worker for Stepgate: claims steps of runs, does them, and says what they came to.

Usage: STEPGATE_TOKEN=sgt_... worker.py http://127.0.0.1:9200

Put functions of your own into WORK: each gets the step's input and a key to do it once by, and returns
the output. Whatever it raises fails the attempt; `Passing` says that another may succeed.
"""
import json, os, sys, threading, urllib.error, urllib.request

class Passing(Exception): """A failure that may pass by itself."""


def create_mailbox(given, key):
    if " " in given["login"]:
        raise ValueError(f"'{given['login']}' is no name of a mailbox")
    return {"address": given["login"] + "@example.com"}


WORK = {
    "create-account": lambda given, key: {"login": given["name"].lower()},
    "create-mailbox": create_mailbox,
    "grant-access": lambda given, key: {"groups": ["all", given["team"]]},
    "assign-desk": lambda given, key: {"desk": f"{given['groups'][-1]}-12"},
    "pay-refund": lambda given, key: {"reference": "R-" + key[-8:]},
    "track-order": lambda given, key: {"text": "It is on its way."},
    "send-message": lambda given, key: None,
}


def post(path, body, wait=0):
    headers = {"Authorization": "Bearer " + os.environ["STEPGATE_TOKEN"],
               "Content-Type": "application/json", "Prefer": f"wait={wait}"}
    request = urllib.request.Request(sys.argv[1] + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=wait + 30) as answer:
        return json.load(answer)


def work(item):
    path, epoch, done = item["path"], {"epoch": item["epoch"]}, threading.Event()

    def beat():
        while not done.wait(20):
            post(path + ":heartbeat", {**epoch, "lease": "60s"})

    threading.Thread(target=beat, daemon=True).start()
    try:
        output = WORK[item["kind"]](item["input"], item["key"])
        post(path + ":complete", {**epoch, "output": output})
    except urllib.error.HTTPError as error:  # 409: the lease had ended, and somebody else has it.
        print(item["kind"], error.read().decode(), file=sys.stderr, flush=True)
    except Exception as error:
        post(path + ":fail",
             {**epoch, "message": str(error), "retry": isinstance(error, Passing)})
    done.set()


while True:
    for item in post("/v1/work:claim", {"kinds": list(WORK), "lease": "60s"}, wait=30)["work"]:
        work(item)
