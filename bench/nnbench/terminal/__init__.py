"""Standard output, standard error, options and exit codes."""
