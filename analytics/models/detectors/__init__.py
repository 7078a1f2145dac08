"""One detector a module; each registers itself by name."""
