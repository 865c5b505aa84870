"""A change against what it was made from: whether it learns worse, or runs slower."""
