"""What people are told, over HTTP."""
