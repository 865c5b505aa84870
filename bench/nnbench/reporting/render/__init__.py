"""One renderer per format. A renderer decides how a document looks and never what it says.

Import the one that is needed: the text renderer brings rich, the figures bring matplotlib.
"""
