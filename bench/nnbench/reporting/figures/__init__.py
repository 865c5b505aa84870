"""Figures drawn from blocks, as SVG."""
