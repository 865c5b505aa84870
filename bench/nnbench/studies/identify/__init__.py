"""Which known optimizer somebody's class is, and in whose form."""
