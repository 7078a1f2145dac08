"""A hold on something that happens by itself, until released."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Hold:
    """Keeps snapshots from starting until released; also a context manager."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def release(self) -> None:
        """Lets snapshots start again; a second call does nothing."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _fault: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self.release()
