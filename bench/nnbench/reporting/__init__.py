"""What the user reads: views decide what is said, renderers decide how it looks, statistics computed it.

Nothing here imports nnkit, numba or, until a figure or a table is drawn, matplotlib and rich.
"""
