"""One kind of report a module; each registers itself by name."""
