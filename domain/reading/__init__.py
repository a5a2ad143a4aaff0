"""A case as people read it: timeline, differences, documents, notices."""
