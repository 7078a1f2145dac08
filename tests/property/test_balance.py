"""Of any herd, in any zone: no window is ever broken, and no peak ever rises."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.advice.balance import Planned, balance
from engine.timing.parse import Timing, schedule_of
from engine.timing.shift import DAY_US, MINUTE_US
from tests.kit.past import START

SCHEDULES = st.one_of(
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    st.builds("{} {},{} * * *".format, st.integers(0, 5), st.integers(0, 4), st.integers(5, 23)),
    st.builds("{} {} * * {}".format, st.integers(0, 3), st.integers(1, 3), st.integers(0, 6)),
    st.sampled_from(["*/15 * * * *", "0 * * * *", "@daily", "0 2 1 * *", "@every 1h", "H 2 * * *"]),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@st.composite
def herds(draw: st.DrawFn) -> list[Planned]:
    return [
        Planned(
            id=f"job_{number}",
            name=f"job-{number}",
            version=1,
            timing=Timing(text=draw(SCHEDULES), timezone=draw(ZONES)),
            window_us=draw(st.integers(0, 90)) * MINUTE_US,
            usual_us=draw(st.sampled_from([0.0, 30e6, 300e6])),
        )
        for number in range(draw(st.integers(1, 25)))
    ]


@settings(max_examples=25, deadline=None)
@given(herds(), st.integers(0, 364))
def test_no_window_is_broken_and_no_peak_rises(herd: list[Planned], day: int) -> None:
    start = START + day * DAY_US
    found = balance(herd, start)
    assert found.peak_after <= found.peak_before
    assert found.load_after.max() <= found.load_before.max()
    assert found.after.sum() == found.before.sum()
    for move in found.moves:
        job = move.job
        old, new = schedule_of(job.timing, job.id), schedule_of(move.timing, job.id)
        assert move.window_us >= 0
        fire, later = old.next_after(start - 1), new.next_after(start - 1)
        for _ in range(1000):
            assert fire is not None
            assert later is not None
            assert 0 <= later - fire <= job.window_us
            fire, later = old.next_after(fire), new.next_after(later)
