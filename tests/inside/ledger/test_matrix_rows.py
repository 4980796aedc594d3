"""The rows of a matrix are made when somebody asks for them: what is told of them is what counting each tells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.ledger.matrix.promised import ContentResult, MatrixRow, PromiseResults, Rows, latest

_NAMES = st.sampled_from(["web", "Web", "shop", "orders"])
_RESULTS = (
    st.lists(
        st.builds(ContentResult, st.integers(1, 4), st.integers(1, 9), st.sampled_from([True, False, None])),
        unique_by=lambda each: each.provider_version,
        max_size=4,
    )
    .map(lambda found: tuple(sorted(found, key=lambda each: -(each.provider_version or 0))))
    .map(lambda found: found or (ContentResult(),))
)


@st.composite
def promises(draw: st.DrawFn) -> list[PromiseResults]:
    """Pacts of some versions; several of them share one content's results."""
    contents = draw(st.lists(_RESULTS, min_size=1, max_size=3))
    of = st.tuples(_NAMES, st.integers(1, 5), _NAMES)
    where = draw(st.lists(of, unique=True, max_size=8))
    return [
        PromiseResults(consumer, provider, number, version, draw(st.sampled_from(contents)))
        for number, (consumer, version, provider) in enumerate(where)
    ]


@given(promises())
def test_every_row_is_counted_once(found: list[PromiseResults]) -> None:
    rows = Rows(found)
    every = list(rows)
    assert len(rows) == len(every)
    assert rows.successes() == sum(row.success is True for row in every)
    assert rows.rest() == [row for row in every if row.success is not True]
    assert rows.pairs() == {(row.consumer, row.provider) for row in every}


@given(promises(), st.integers(1, 5))
def test_what_is_left_out_and_what_is_kept_are_all_rows(found: list[PromiseResults], number: int) -> None:
    rows = Rows(found)

    def holds(row: MatrixRow) -> bool:
        return row.provider_version == number

    kept, left = list(rows.only(holds)), list(rows.only(lambda row: not holds(row)))
    assert kept == [row for row in rows if holds(row)]
    assert left == [row for row in rows if not holds(row)]


@given(promises(), st.sampled_from(["cvp", "cp", "cvpv", ""]))
def test_the_latest_of_a_version_or_a_pair_is_the_newest_of_its_rows(found: list[PromiseResults], by: str) -> None:
    groups: dict[tuple[object, ...], list[MatrixRow]] = {}
    for row in Rows(found):
        key: tuple[object, ...] = (row.consumer, row.provider)
        key += {"cvp": (row.consumer_version,), "cp": ()}.get(by, (row.consumer_version, row.provider_version))
        groups.setdefault(key, []).append(row)
    newest = {
        max(rows, key=lambda row: (row.consumer_version, row.provider_version or 0)) for rows in groups.values()
    }
    assert set(Rows(latest(found, by))) == newest
