"""The record: streams of events, how they come about, and how they are kept and proved."""
