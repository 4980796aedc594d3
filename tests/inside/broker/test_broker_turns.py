"""Requests that one process cannot work on at once wait their turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import pytest

from harness.broker.http.concurrency import Turns


@pytest.mark.parametrize(("dialect", "most"), [("sqlite", 2), ("postgresql", 8)])
def test_no_more_read_at_once_than_a_process_has_use_for(dialect: str, most: int) -> None:
    turns = Turns(dialect)
    counting, now, seen = threading.Lock(), 0, []

    def read() -> None:
        nonlocal now
        with counting:
            now += 1
            seen.append(now)
        time.sleep(0.005)
        with counting:
            now -= 1

    async def ask(method: str) -> None:
        await anyio.to_thread.run_sync(read, limiter=turns.of(method))

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for number in range(24):
                group.start_soon(ask, ("GET", "HEAD", "OPTIONS")[number % 3])

    anyio.run(everybody)
    assert len(seen) == 24  # nobody is refused
    assert max(seen) == most


def test_reading_does_not_wait_for_writing() -> None:
    turns = Turns("sqlite")
    done, order = threading.Event(), list[str]()

    def write() -> None:
        done.wait(20)
        order.append("written")

    def read() -> None:
        order.append("read")
        done.set()

    async def ask(method: str, work: Callable[[], None]) -> None:
        await anyio.to_thread.run_sync(work, limiter=turns.of(method))

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask, "POST", write)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(ask, "GET", read)

    anyio.run(everybody)
    assert order == ["read", *["written"] * 20]


def test_each_loop_has_turns_of_its_own() -> None:
    turns = Turns("sqlite")

    async def limit() -> object:
        assert turns.of("GET") is turns.of("HEAD")
        return turns.of("GET")

    assert anyio.run(limit) is not anyio.run(limit)


def test_a_process_that_is_busy_says_that_it_lives() -> None:
    turns = Turns("sqlite")
    done, order = threading.Event(), list[str]()

    def read() -> None:
        done.wait(20)
        order.append("read")

    def look() -> None:
        order.append("lives")
        done.set()

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(lambda: anyio.to_thread.run_sync(read, limiter=turns.of("GET", "/matrix")))
            await anyio.wait_all_tasks_blocked()
            heartbeat = turns.of("GET", "/diagnostic/status/heartbeat")
            group.start_soon(lambda: anyio.to_thread.run_sync(look, limiter=heartbeat))

    anyio.run(everybody)
    assert order == ["lives", *["read"] * 10]
