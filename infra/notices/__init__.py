"""Notices on their way out: composed without personal data, sent through channels, at least once."""
