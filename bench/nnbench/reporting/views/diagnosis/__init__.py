"""What probes saw inside networks."""
