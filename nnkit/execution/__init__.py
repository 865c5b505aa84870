"""Machine code runs: the driver's loop, and one trial of a program."""
