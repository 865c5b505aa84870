"""What a notebook gets of a run: trials, curves and verdicts as columns that any table library reads."""
