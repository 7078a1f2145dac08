"""The cluster's no, as the error that a door tells."""

from __future__ import annotations

from engine.core.errors import ChronosError, Problem
from engine.model.job import Job
from engine.state.messages import Rejected
from engine.state.view import View


class Refused(ChronosError):
    """The cluster said no, for a reason that the caller can act on.

    Attributes:
        code: an error code of the public contract.
        problems: the fields at fault, where there are any.
    """

    def __init__(self, code: str, message: str, problems: tuple[Problem, ...] = ()):
        self.code = code
        self.message = message
        self.problems = problems
        super().__init__(message)


def refused(result: Rejected) -> Refused:
    """What the machine refused, as an error."""
    problems = (Problem(result.field, result.message, result.hint),) if result.field else ()
    return Refused(result.code, result.message, problems)


def known_job(view: View, ref: str) -> Job:
    """The job of an id or of `namespace/name`.

    Raises:
        Refused: there is no such job.
    """
    job = view.job(ref)
    if job is None:
        raise Refused("NOT_FOUND", f"there is no job {ref}")
    return job
