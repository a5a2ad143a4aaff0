"""Rules name events: a pack is read where the nouns whose events they are were imported, whichever test runs alone."""

import domain.nouns  # noqa: F401
