"""What happens inside a network, measured and predicted."""
