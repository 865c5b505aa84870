"""What a search over hyper-parameters says."""
