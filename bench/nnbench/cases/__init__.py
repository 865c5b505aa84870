"""What there is to choose from: cases, axes, parts, plug-ins, and the files they are read from."""
