"""Reports over the history: facts asked once, one document each, and renderers of it."""
