"""What the last few values say, at each value; never a look ahead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def looks(at_us: NDArray[np.int64], stride: int) -> NDArray[np.int64]:
    """Where to look at what came before, about every `stride` values: how many there were.

    The same moments whichever value is the first, as long as their pace is: blocks of time since
    the epoch of a length that is a power of two.

    >>> looks(np.arange(0, 100, 10), 3)  # blocks of 32
    array([4, 7])
    """
    if len(at_us) < 2:
        return np.empty(0, dtype=np.int64)
    pace = max(1.0, float(np.median(np.diff(at_us)))) * stride
    block = 2 ** round(np.log2(pace))
    return np.flatnonzero(np.diff(at_us // block)) + 1


def rolling_rate(flags: NDArray[np.bool_], size: int) -> NDArray[np.float64]:
    """The share of true flags among the last `size`, the current one included.

    Nan until `size` flags are there.

    >>> rolling_rate(np.array([True, False, False, True]), 2)
    array([nan, 0.5, 0. , 0.5])
    """
    rates = np.full(len(flags), np.nan)
    if len(flags) >= size:
        sums = np.concatenate(([0], np.cumsum(flags)))
        rates[size - 1 :] = (sums[size:] - sums[:-size]) / size
    return rates


def rolling_median(values: NDArray[np.float64], size: int, least: int) -> NDArray[np.float64]:
    """The median of up to `size` values before each; nan where there are fewer than `least`.

    >>> rolling_median(np.array([1.0, 5.0, 2.0, 9.0]), 3, 2)
    array([nan, nan,  3.,  2.])
    """
    import pandas as pd  # takes a second; a node starts without it

    return pd.Series(values).rolling(size, min_periods=least).median().shift(1).to_numpy()


def rolling_deviation(
    values: NDArray[np.float64], centre: NDArray[np.float64], size: int, least: int
) -> NDArray[np.float64]:
    """A robust standard deviation of up to `size` values before each, around their own centres.

    The median of the distances, times 1.4826, which makes it the standard deviation where the
    values are normal.
    """
    return 1.4826 * rolling_median(np.abs(values - centre), size, least)
