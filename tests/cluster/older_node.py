"""A node as the build before this one: `python -m tests.cluster.older_node [serve's arguments]`.

It says that it understands the log up to the level before this build's, so that nodes of this build
beside it hold back what came since.
"""

from __future__ import annotations

from app import control, room_settings
from app.cli import serve
from engine.core import version
from engine.state import view

if __name__ == "__main__":
    version.LEVEL -= 1
    room_settings.LEVEL = control.LEVEL = view.LEVEL = version.LEVEL
    serve.main()
