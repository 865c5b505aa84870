"""A change against what it was made from: does it learn worse, or run slower?"""
