"""Two configurations, and families of them."""
