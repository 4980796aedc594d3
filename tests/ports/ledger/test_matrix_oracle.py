"""Whoever is asked, what is true by counting everything is what is said: on very many small estates.

The oracle (estate_oracle.py) is written from docs/explanation/compatibility.md: no gate, judge or matrix.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import astuple, replace
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from broker_client import Client
from estate_oracle import Line, Oracle
from small_estates import questions, small_estate, write

from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.matrix.gated import answer_question
from harness.ledger.matrix.question import Question, VersionSelector
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Verdict

ESTATES = int(os.environ.get("HARNESS_MATRIX_ESTATES", "30"))
PARTS = max(5, ESTATES // 100)  # a few minutes at most for each; with estates enough that no verdict is rare
WORDS = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.UNKNOWN}


def url_of(question: Question) -> str:
    """The question as a client asks it."""
    pairs = [part for each in question.selectors for part in _of_selector("q", each)]
    pairs += [part for each in question.ignored for part in _of_selector("ignore", each)]
    pairs += [("latestby", question.latest_by)] if question.latest_by else []
    pairs += [("tag", question.tag)] if question.tag else []
    pairs += [("environment", question.environment)] if question.environment else []
    pairs += [("latest", "true")] if question.latest else []
    pairs += [("mainBranch", "true")] if question.main_branch else []
    return "/matrix?" + "&".join(f"{name}={quote(value)}" for name, value in pairs)


def _of_selector(name: str, each: VersionSelector) -> Iterator[tuple[str, str]]:
    yield f"{name}[][pacticipant]", each.pacticipant
    told = {"version": each.version, "tag": each.tag, "branch": each.branch, "environment": each.environment}
    yield from ((f"{name}[][{key}]", value) for key, value in told.items() if value)
    yield from (
        (f"{name}[][{key}]", "true")
        for key, true in (("latest", each.latest), ("mainBranch", each.main_branch))
        if true
    )


def by_gate(ledger: SqlLedger, oracle: Oracle) -> Iterator[Verdict]:
    """What the command line is answered about each set of versions that a question means."""
    place = oracle.question.environment
    sets = [[Version(name, v.number) for v in oracle.chosen[name] or ()] for name in sorted(oracle.specified)]
    for candidates in product(*sets):
        facts = ledger.facts_about(candidates, [place])
        decision = can_i_deploy(candidates, place, facts)
        for each in decision.reasons:
            if each.contract and each.consumer and each.provider:
                asked = each.consumer.pacticipant, int(each.contract[1:]), *astuple(each.provider)
                assert (each.cause is Cause.DISAGREEING) is oracle.disagree(*asked), each
        yield decision.verdict


def rows_of(answer: Any) -> set[Line]:
    return {
        (row.consumer, row.consumer_version, row.provider, row.provider_version, row.success)
        for row in (*answer.considered, *answer.left_out)
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_says_what_counting_everything_says(client: Client, database: Database, part: int) -> None:
    ledger, said = SqlLedger(database), []
    for seed in range(part, ESTATES, PARTS):
        estate = small_estate(seed)
        with database.writing() as db:
            write(db, estate)
        for question in questions(seed, estate):
            oracle = Oracle(estate, question)
            wanted = oracle.verdict()
            with database.reading() as db:
                told = answer_question(db, question, trusted=False)
            assert WORDS[told.deployable] is wanted, (seed, question, told.reason)
            by_http = client.get(url_of(question)).json["summary"]
            assert WORDS[by_http["deployable"]] is wanted, (seed, question, by_http)
            assert rows_of(told) == oracle.rows(), (seed, question)
            if question.environment and all(oracle.chosen[name] for name in oracle.specified):
                alone = Oracle(estate, replace(question, ignored=()))  # the command line ignores nobody
                assert max(by_gate(ledger, alone)) is alone.verdict(), (seed, question)
            said.append(wanted)
    for verdict in Verdict:  # none is so rare that nothing would be compared
        assert said.count(verdict) > len(said) // 20, verdict
