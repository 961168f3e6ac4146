"""Reads the files, compares each case with what this implementation finds, and tests the power of the vectors."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple

from . import operations, operations_content, operations_handshake, operations_identity, operations_ratchet, operations_server, operations_session, registry, spec, storage  # the operations register
from .spec import Malformed, Refused

LEAST_NEGATIVE_SHARE = 40
SHOWN = 400

FILE_MEMBERS = {"section", "about", "cases"}
CASE_MEMBERS = {"name", "op", "in"}

registry.require_all()


@dataclass
class Outcome:
    """What an operation came to, in the form of the member that a case states it with."""

    member: str  # "out", "error" or, for what no case can state, "fault"
    value: Any

    def __str__(self) -> str:
        shown = f"{self.member} {canonical(self.value)}"
        return shown if len(shown) <= SHOWN else shown[:SHOWN] + f"… ({len(shown)} characters)"


# By file, the cases that passed.
Results = Dict[str, List[Tuple[Dict[str, Any], Outcome]]]


def canonical(value: Any) -> str:
    """Unlike `==`, tells 1, 1.0 and true apart."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def stated(case: Dict[str, Any]) -> Outcome:
    return Outcome("error", case["error"]) if "error" in case else Outcome("out", case["out"])


def agrees(case: Dict[str, Any], found: Outcome) -> bool:
    expected = stated(case)
    return expected.member == found.member and canonical(expected.value) == canonical(found.value)


def check_form(case: Any) -> None:
    if not isinstance(case, dict) or not isinstance(case.get("name"), str):
        raise Malformed("a case is an object with a name")
    result = set(case) - CASE_MEMBERS
    if result not in ({"out"}, {"error"}) or not CASE_MEMBERS <= set(case):
        raise Malformed(f"a case has name, op, in, and either out or error, not {sorted(case)}")
    if not isinstance(case["in"], dict) or not isinstance(case.get("out", {}), dict):
        raise Malformed("in and out are objects")
    if "error" in case and case["error"] not in spec.ERROR_CLASSES:
        raise Malformed(f"{case['error']!r} is no error class of Appendix A")


def evaluate(case: Dict[str, Any]) -> Outcome:
    try:
        return Outcome("out", registry.run(case["op"], case["in"]))
    except Refused as refused:
        return Outcome("error", refused.error)
    except Malformed as malformed:
        return Outcome("fault", str(malformed))
    except Exception as exception:  # a bug here or in a library must fail its case, not hide the others
        return Outcome("fault", f"{type(exception).__name__}: {exception}")


def without_duplicates(members: List[Tuple[str, Any]]) -> Dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise Malformed(f"an object has a member twice: {[name for name, _ in members]}")
    return result


def read(path) -> Tuple[Optional[str], List[Any]]:
    """What is wrong with the file as a whole, and its cases."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=without_duplicates)
    except (ValueError, Malformed) as exception:
        return f"unreadable: {exception}", []
    if not isinstance(document, dict) or set(document) != FILE_MEMBERS or not isinstance(document["cases"], list):
        return f"a file is an object of {sorted(FILE_MEMBERS)}", []
    if not isinstance(document["section"], str) or document["section"] not in spec.SECTIONS:
        return f"PROTOCOL.md has no section {document['section']!r}", document["cases"]
    if not document["cases"]:
        return "no cases", []
    return None, document["cases"]


def percentage(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0


class Run:
    def __init__(self) -> None:
        self.results: Results = {}
        self.cases = self.negative = self.passed = self.failed = 0

    def fail(self, file: str, name: Any, expected: Any, got: Any) -> None:
        self.failed += 1
        print(f"FAILED {file}: {name}\n    expected: {expected}\n    got:      {got}")

    def check_file(self, path) -> None:
        fault, cases = read(path)
        if fault is not None:
            self.fail(path.name, "(the file)", "a file as in README.md", fault)
        results = self.results[path.name] = []
        names = []
        for case in cases:
            name = case.get("name") if isinstance(case, dict) else None
            try:
                check_form(case)
            except Malformed as malformed:
                self.fail(path.name, name, "a case as in README.md", malformed)
                continue
            found = evaluate(case)
            if name in names:
                self.fail(path.name, name, "a name of its own", "a name used before")
            elif not agrees(case, found):
                self.fail(path.name, name, stated(case), found)
            else:
                self.passed += 1
                results.append((case, found))
            names.append(name)
        negative = sum(1 for case in cases if isinstance(case, dict) and "error" in case)
        self.cases += len(cases)
        self.negative += negative
        print(f"{path.name}: {len(cases)} cases, {negative} negative ({percentage(negative, len(cases)):.0f} %)", flush=True)

    def check_total(self) -> None:
        share = percentage(self.negative, self.cases)
        print(f"total: {self.cases} cases, {self.negative} negative ({share:.0f} %)")
        if share < LEAST_NEGATIVE_SHARE:
            self.fail("total", "share of negative cases", f"at least {LEAST_NEGATIVE_SHARE} %", f"{share:.1f} %")


# --self-test: no operation runs again, except to be refused before it computes anything.

def altered_leaves(value: Any) -> Iterator[Any]:
    """The value with one leaf altered, for each leaf: a byte string in one bit, other leaves in some way."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            for altered in altered_leaves(item):
                copy = value.copy()
                copy[key] = altered
                yield copy
    else:
        yield altered_leaf(value)


def altered_leaf(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value ^ 1
    try:
        data = bytearray.fromhex(value)
    except ValueError:
        data = bytearray()
    if not data:
        return value + "x"
    data[len(data) // 2] ^= 1
    return data.hex()


def mutants(case: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """Cases that state something else about the same operation and inputs."""
    if "error" in case:
        others = sorted(spec.ERROR_CLASSES - {case["error"]})
        yield {**case, "error": others[len(case["name"]) % len(others)]}
        success = {key: item for key, item in case.items() if key != "error"}
        yield {**success, "out": {}}
    else:
        for out in altered_leaves(case["out"]):
            yield {**case, "out": out}
        yield {**case, "out": {**case["out"], "surplus": ""}}
        for name in case["out"]:
            yield {**case, "out": {key: item for key, item in case["out"].items() if key != name}}
        failure = {key: item for key, item in case.items() if key != "out"}
        yield {**failure, "error": "invalid-key"}


def misspelt(case: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """Cases that must be refused for their form."""
    yield {**case, "op": case["op"] + "x"}
    yield {**case, "in": {**case["in"], "surplus": ""}}
    for name in case["in"]:
        yield {**case, "in": {key: item for key, item in case["in"].items() if key != name}}


def self_test(results: Results) -> bool:
    survivors = total = 0
    for file, checked in results.items():
        counts = {"of positive cases": 0, "of negative cases": 0, "of form": 0}
        for case, found in checked:
            kind = "of negative cases" if "error" in case else "of positive cases"
            for mutant in mutants(case):
                counts[kind] += 1
                if agrees(mutant, found):
                    survivors += 1
                    print(f"SURVIVED {file}: {case['name']}: {stated(mutant)}")
            for mutant in misspelt(case):
                counts["of form"] += 1
                if evaluate(mutant).member != "fault":
                    survivors += 1
                    print(f"SURVIVED {file}: {case['name']}: {mutant['op']} of {sorted(mutant['in'])}")
        total += sum(counts.values())
        listed = ", ".join(f"{kind} {count}" for kind, count in counts.items())
        print(f"{file}: mutants: {listed}")
    print(f"self-test: {total} mutants, {survivors} survived")
    return total > 0 and survivors == 0


def main(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(prog="check.py", description="Verify the test vectors from the specification alone.")
    parser.add_argument("--self-test", action="store_true", help="also alter every vector and require that verification fails")
    options = parser.parse_args(arguments)

    sys.stdout.reconfigure(errors="backslashreplace")
    run = Run()
    paths = sorted(spec.VECTORS.glob("*.json"))
    if not paths:
        print("there are no vectors: test-vectors/*.json")
        return 1
    for path in paths:
        run.check_file(path)
    run.check_total()
    powerful = self_test(run.results) if options.self_test else True
    print(f"{run.passed} passed, {run.failed} failed")
    return 0 if run.failed == 0 and powerful else 1
