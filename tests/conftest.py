"""What holds for all tests: nothing here fails for being slow."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """Look no more for garbage in what was imported: with it each search takes some 0.3 s."""
    gc.collect()
    gc.freeze()
