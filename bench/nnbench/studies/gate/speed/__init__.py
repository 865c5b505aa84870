"""The head's speed against the base's: pairs of fresh processes for what runs other code."""
