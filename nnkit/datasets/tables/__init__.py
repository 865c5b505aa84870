"""Tables, arrays and pictures of the user's own: files are read, checked, split and prepared here."""

# What a name of a file that can be read here ends with.
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".data", ".npz", ".npy", ".parquet")
