"""The command line `xiezhi`: one file a topic."""
