"""The words that views share."""
