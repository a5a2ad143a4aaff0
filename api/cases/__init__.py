"""One case over HTTP: how it is read, tried out, explained and followed."""
