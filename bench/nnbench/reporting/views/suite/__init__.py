"""What a run over several cases says."""
