"""The training set."""
