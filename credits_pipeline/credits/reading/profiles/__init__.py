"""Profiles: what the columns of one shape of file mean, said once, as data.

A profile is a small TOML file. It is for one header, and never for a file that it only resembles.
"""
