"""Building blocks of machine code that is written by hand."""
