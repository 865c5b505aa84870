"""Shares of the spread that axes and their pairs explain."""
