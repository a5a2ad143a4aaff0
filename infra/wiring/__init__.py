"""Puts the parts together. Only these modules and the command line know every layer."""
