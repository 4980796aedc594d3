"""The judge's three questions: whether a request, a response, a message is the one that was promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.comparison.pact_matching.bodies import compare_body
from harness.comparison.pact_matching.heads import (
    compare_headers,
    compare_method,
    compare_path,
    compare_query,
    compare_status,
)
from harness.comparison.pact_matching.judgement import Judgement, Remark, Undecided, judge_remarks
from harness.comparison.pact_matching.messages import HttpMessage, contents_of, message_of
from harness.comparison.pact_matching.rulebook import Rulebook, rulebook_of
from harness.comparison.pact_matching.trees import Tree

Written = Mapping[str, Any]  # as it stands in a pact of any version


def judge_response(expected: Written, actual: Written | HttpMessage, version: str) -> Judgement:
    """Hold a response against the one in a pact of that version: more may come than was promised, never less."""
    rules, wanted, came = rulebook_of(expected), message_of(expected, version), _message(actual, version)
    remarks = [
        *_unreadable(rules),
        *compare_status(wanted, came, rules),
        *compare_headers(wanted, came, rules),
        *compare_body(wanted.body, came.body, rules, closed=False),
    ]
    return judge_remarks(remarks)


def judge_request(expected: Written, actual: Written | HttpMessage, version: str) -> Judgement:
    """Hold a request against the one in a pact of that version: nothing else may be in its query and its body."""
    rules, wanted, came = rulebook_of(expected), message_of(expected, version), _message(actual, version)
    remarks = [
        *_unreadable(rules),
        *compare_method(wanted, came),
        *compare_path(wanted, came, rules),
        *compare_query(wanted, came, rules),
        *compare_headers(wanted, came, rules),
        *compare_body(wanted.body, came.body, rules, closed=True),
    ]
    return judge_remarks(remarks)


def judge_message(expected: Written, actual: Written, version: str) -> Judgement:
    """Hold a message (its contents and its metadata) against the one in a pact of that version."""
    rules = rulebook_of(expected)
    remarks = [
        *_unreadable(rules),
        *compare_body(contents_of(expected, version), contents_of(actual, version), rules, closed=False),
        *_metadata(expected, actual, rules),
    ]
    return judge_remarks(remarks)


def _metadata(expected: Written, actual: Written, rules: Rulebook) -> list[Remark]:
    wanted, came = (each.get("metaData") or each.get("metadata") or {} for each in (expected, actual))
    return Tree(rules=rules, closed=False, part="metadata").compare((), wanted, came)


def _message(written: Written | HttpMessage, version: str) -> HttpMessage:
    return written if isinstance(written, HttpMessage) else message_of(written, version)


def _unreadable(rules: Rulebook) -> Iterator[Remark]:
    for expression in rules.unreadable:
        yield Undecided(place=expression, why="it is no path expression, so its rule is applied nowhere")
