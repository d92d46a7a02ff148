"""The component in wasmtime's component model is the oracle: the same calls give the same values."""

import json
import random
import re
import unittest
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from blueking_itsm import Itsm
from blueking_itsm.component import ROWS
from blueking_itsm.tracking import Tick
from blueking_itsm.types import AppCredentials, Connection, Gateway
from fake_itsm import component

from .oracle import ROWS_OF_TYPES, Oracle, Values, outcome
from .support import CODE, FOLDER, KEY, SECRET, Answer, Headers, Scripted

ROUNDS = 50
"""So often each function is asked. There are more than fifty of them."""
ACTIONS = {"import_service", "update_service", "create_service_catalog"}
OWN = {"host", "connection", "transfer-encoding", "te"}
"""Headers that belong to a connection."""
CHANCE = re.compile(rb"\b(?!abcdefghijklmnopqrstuvwxyz)[a-z2-7]{26}\b")
"""A tag that no ticket has, made by chance."""
URL = "http://127.0.0.1:8080/itsm/callback"


def recorded() -> dict[str, list[Answer]]:
    """Answers of real servers, by their actions."""
    answers: dict[str, list[Answer]] = {}
    for file in sorted((FOLDER / "../../tests/fixtures").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line).get("answer")
            if isinstance(answer, dict) and "body" in answer:
                headers = {"content-type": answer.get("content_type", "application/json")}
                answers.setdefault(file.stem, []).append((answer["status"], headers, answer["body"].encode()))
    return answers


class Server(Scripted):
    """An ITSM whose answers depend on a seed and on the action alone."""

    def __init__(self) -> None:
        self.seed = 0
        self._answers = recorded()
        self._any = [answer for answers in self._answers.values() for answer in answers]
        super().__init__(self.answer)

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        action = urlsplit(path).path.rstrip("/").rpartition("/")[2]
        chosen = random.Random(f"{self.seed} {action}")
        status, of_answer, content = chosen.choice(self._answers.get(action, self._any))
        if status in (429, 502, 503, 504):
            # They mean: ask again, which takes seconds.
            status = 400
        return status, of_answer, content

    def take(self) -> list[Any]:
        """What was asked since the last time. Of requests that go together, either can come first."""
        taken, self.requests = self.requests, []
        return sorted(
            (
                method,
                CHANCE.sub(b"by chance", path.encode()),
                sorted((name.lower(), value) for name, value in headers if name.lower() not in OWN),
                CHANCE.sub(b"by chance", body),
            )
            for method, path, headers, body in taken
        )


class SameValues(unittest.TestCase):
    def setUp(self) -> None:
        self.oracle = Oracle(component().with_name("itsm.wasm"))
        self.itsm = Itsm(component())
        self.server = self.enterContext(Server())
        self.connection = Connection(Gateway(f"{self.server.url}/prod"), AppCredentials(CODE, SECRET), (), 20_000)

    def compare(self, name: str, arguments: list[Any], seed: int) -> tuple[str, Any]:
        self.server.seed = seed
        interface, _, method = name.partition(".")
        ours = outcome(getattr(getattr(self.itsm, interface), method), *arguments)
        asked = self.server.take()
        expected = outcome(self.oracle.call, name, *arguments)
        self.assertEqual(ours, expected, (name, seed))
        self.assertEqual(type(ours[1]), type(expected[1]), (name, seed))
        self.assertEqual(asked, self.server.take(), (name, seed))
        return ours

    def arguments(self, name: str, seed: int) -> list[Any]:
        values = Values(seed)
        arguments = [values.of(of, param) for param, of in ROWS[name].params]
        for index, (param, _) in enumerate(ROWS[name].params):
            if param == "connection" and seed % 5:
                arguments[index] = self.connection
            elif param == "connection":
                # Another host is not asked: where it leads depends on the resolver.
                arguments[index] = replace(arguments[index], endpoint=type(arguments[index].endpoint)(self.server.url))
            if param == "target":
                arguments[index] = replace(arguments[index], url=self.server.url)
        return arguments

    def test_each_function_gives_for_generated_values_what_the_component_gives(self) -> None:
        results: Counter[str] = Counter()
        for name in ROWS:
            if name in ("tickets.new_operation_id", "tickets.new_tag"):
                continue
            with self.subTest(name):
                for seed in range(ROUNDS):
                    kind, _ = self.compare(name, self.arguments(name, seed), seed)
                    results[kind] += 1
        self.assertGreater(sum(results.values()), 2_000)
        self.assertGreater(min(results["gives"], results["fails"]), 300, results)

    def test_what_is_bound_received_and_tracked_is_the_same(self) -> None:
        step = self.itsm.tracking.start("op", None, 1)
        for seed in range(500):
            values = Values(seed)
            claims = replace(values.of("callbacks.claims"), callback_url=URL)
            kind, binding = self.compare("callbacks.bind", [KEY, claims], seed)
            headers = [binding.header] if kind == "gives" else []
            body = json.dumps({"sn": f"REQ{seed}", "current_status": "FINISHED", "approve_result": seed % 2 == 0})
            content = body.encode()[: None if seed % 7 else 20]
            self.compare("callbacks.receive", [[KEY], headers, URL, seed, content], seed)
            self.compare("callbacks.check_binding", [[KEY, "x"][seed % 3 :], headers, URL, seed], seed)
            event = values.of("tracking.event")
            now = values.of("u32")
            kind, next_step = self.compare("tracking.advance", [step.record_json, event, now], seed)
            if kind == "gives":
                self.compare("tracking.advance", [next_step.record_json, Tick(), now + 60], seed)
            failure = values.of("types.failure")
            self.compare("diagnosis.describe_failure", [failure, values.of("diagnosis.language")], seed)
            self.compare("callbacks.is_self_check", [values.of("types.callback")], seed)

    def test_every_type_of_the_wit_is_given_or_taken_by_some_function(self) -> None:
        reached: set[Any] = set()

        def reach(of: Any) -> None:
            if isinstance(of, str) and of in ROWS_OF_TYPES:
                if of not in reached:
                    reached.add(of)
                    reach(ROWS_OF_TYPES[of])
            elif isinstance(of, tuple):
                for part in of:
                    reach(part)

        for row in ROWS.values():
            reach((row.result, row.params))
        self.assertEqual(set(ROWS_OF_TYPES) - reached, set())
