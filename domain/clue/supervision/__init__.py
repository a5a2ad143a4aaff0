"""督促: who is held to a clue's deadlines, and who is given more time."""
