"""Plain data that crosses rooms."""
