"""Lists over many cases: worklists, responsibility, search."""
