"""What one trial, and one configuration, says."""
