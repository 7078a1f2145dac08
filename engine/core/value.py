"""What the most numerous nouns are made of: frozen structs that cost little room and no collection.

Garbage collection never looks at a value, so that a million jobs do not hold up a tick; for that it
must not be part of a cycle, which a frozen thing cannot. As JSON a field at its default is left
out where it *is* the default's object; `engine/model/sharing.py` sees to that for what is kept.
"""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Base of values; change one with `msgspec.structs.replace`."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of what is made in thousands, as by each run; as JSON it says all of its fields."""
