"""Figures as data, for the script of a page that draws them where they are looked at."""
