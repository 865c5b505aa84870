"""This machine: its clock, noise, environment and signals to stop."""
