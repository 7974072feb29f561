"""What a period will cost: the level of the last two weeks, the week's profile, fees apart.

Estimates are computed in floats and returned as money rounded to the cent; facts stay exact.
"""
