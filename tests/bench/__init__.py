"""What Chronos costs, measured on this machine: `make bench`."""
