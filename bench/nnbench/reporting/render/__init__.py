"""One renderer per format, which decides how a document looks and never what it says."""
