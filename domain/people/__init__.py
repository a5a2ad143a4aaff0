"""Who acts and who may see what."""
