"""Profiles: what the columns of one shape of file mean, said once, as data.

A profile is a small TOML file. It is for one header, never for a file that merely resembles it.
"""
