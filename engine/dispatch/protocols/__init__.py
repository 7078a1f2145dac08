"""One protocol a module; each prepares a transfer and reads its outcome."""
