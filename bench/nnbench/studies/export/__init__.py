"""Results for other tools, in files of theirs."""
