"""Steps from an old stored shape of a clue event to the next: dict to dict, one version each, run before construction.

None yet: every clue event is at version 1. A step is listed with its event in `domain/registry.py`.
"""
