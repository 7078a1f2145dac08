"""How long a failed execution waits for its next attempt: exponential, bounded, spread.

Pure and deterministic, because the replicated machine computes it on every node.
"""

from __future__ import annotations

from zlib import crc32

from engine.model.job import RetryPolicy

_SPREAD = 1 << 32


def backoff_us(policy: RetryPolicy, failures: int, seed: str) -> int:
    """The wait after failure number `failures`, in microseconds.

    min(max, initial * multiplier ** (failures - 1)), times a factor in [0.5, 1.0) drawn from a hash
    of the seed ("equal jitter": AWS Architecture Blog, Exponential Backoff And Jitter), so that
    jobs which failed together do not come back together.

    >>> policy = RetryPolicy(initial_interval_us=1_000_000, multiplier=2.0)
    >>> 500_000 <= backoff_us(policy, 1, "exe_1") < 1_000_000
    True
    >>> backoff_us(policy, 50, "exe_1") < policy.max_interval_us
    True
    """
    longest = policy.max_interval_us
    wait = policy.initial_interval_us
    for _ in range(failures - 1):
        wait = int(wait * policy.multiplier)
        if wait >= longest:
            break
    wait = min(wait, longest)
    half = wait // 2
    return half + (wait - half) * crc32(f"{seed}:{failures}".encode()) // _SPREAD
