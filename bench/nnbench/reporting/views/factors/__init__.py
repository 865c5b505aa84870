"""What every axis contributes to the spread of scores."""
