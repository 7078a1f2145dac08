"""The nouns of Chronos: frozen dataclasses, one aggregate a module, no I/O."""
