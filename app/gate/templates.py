"""Own templates: published to a namespace, and withdrawn."""

from __future__ import annotations

import re
from typing import Final

from app.gate.proposer import Proposer
from engine.core.errors import InvalidDocument, Problem
from engine.model.template import Template, template_id
from engine.state.messages import PublishTemplate, WithdrawTemplate

_NAMESPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Templates:
    """What people write of a namespace's own templates."""

    def __init__(self, proposer: Proposer):
        self._proposer = proposer

    async def publish(
        self, template: Template, text: str, *, namespace: str, actor: str, request_id: str
    ) -> None:
        """Keep a checked template as a namespace's own; `text` is what was checked.

        Raises:
            InvalidDocument: the namespace is no name.
            Refused: this or a later version is published already.
        """
        if not _NAMESPACE.fullmatch(namespace):
            hint = "letters, digits, . _ -"
            raise InvalidDocument([Problem("namespace", f"{namespace!r} is not a name", hint)])
        identity = template_id(namespace, template.category, template.name)
        command = PublishTemplate(id=identity, version=template.version, text=text)
        await self._proposer.propose(command, actor, request_id)

    async def withdraw(
        self, ref: str, *, namespace: str, version: str = "", actor: str, request_id: str
    ) -> None:
        """Forget an own template, or one version of it; jobs made from it stay.

        Raises:
            Refused: the namespace has no such template.
        """
        command = WithdrawTemplate(id=f"{namespace}/{ref}", version=version)
        await self._proposer.propose(command, actor, request_id)
