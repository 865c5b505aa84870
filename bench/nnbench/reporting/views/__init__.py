"""One file per view: each decides what is said about a case or a run, in blocks that any renderer prints."""
