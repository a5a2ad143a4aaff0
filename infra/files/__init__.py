"""Files that go in and out: evidence, replies, exported lists, documents."""
