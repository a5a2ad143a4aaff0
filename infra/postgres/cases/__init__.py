"""Cases read for lists and details."""
