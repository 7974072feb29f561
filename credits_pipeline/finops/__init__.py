"""The second wing: bills of several clouds, where their money went and what to do about it."""
