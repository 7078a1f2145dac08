"""The one way to write. `Gate` in `gate.py` holds one small class for each subject."""
