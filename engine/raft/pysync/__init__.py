"""PySyncObj as our Raft, hardened by subclassing. Start at `node.py`; the why is in DESIGN.md."""
