"""Records and statistics of one run, put together before they are worded."""
