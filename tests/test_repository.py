"""The house rules that no linter knows: file sizes, and rules and tests that name each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "collab" / "protocol" / "SPEC.md"
SUFFIXES = {".py", ".ts", ".tsx", ".css", ".js", ".mjs"}
KINDS = "PR|UP|AW|RM|SL|ST|WK|AC|ID|GR|LM|HP|YS|HK|HT|EX|WB|PG|LS|CL|WN|MT|CP"
RULE = re.compile(rf"\b(?:{KINDS})\d+\b")
LONGEST_FILE = 350
PASSED_OVER = {"node_modules", "dist", "__pycache__", ".cache"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and not PASSED_OVER.intersection(path.parts):
                yield path


def rules_named_by_tests() -> set[str]:
    tests = [*sources("tests"), *(p for p in sources("web") if ".test." in p.name)]
    return {rule for path in tests for rule in RULE.findall(path.read_text("utf-8"))}


def rules_of_spec() -> list[str]:
    return re.findall(r"^- \*\*([A-Z]{2}\d+)\*\* ", SPEC.read_text("utf-8"), re.MULTILINE)


def test_no_source_file_is_longer_than_a_reader_can_hold() -> None:
    generated = {ROOT / "web" / "src" / "api" / "schema.ts"}  # by web/package.json, untracked
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources("collab", "migrations", "tests", "web", "benchmarks")
        if path not in generated
        and (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long


def test_rules_are_numbered_once() -> None:
    assert not [rule for rule, count in Counter(rules_of_spec()).items() if count > 1]


def test_every_rule_is_named_by_a_test() -> None:
    assert set(rules_of_spec()) - rules_named_by_tests() == set()


def test_every_rule_that_a_test_names_is_in_the_spec() -> None:
    assert rules_named_by_tests() - set(rules_of_spec()) == set()
