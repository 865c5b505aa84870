"""A page to play with: many settings of one case, trained and recorded, or many paths down a function."""
