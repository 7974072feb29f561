"""What each team or product owes for a month, to the cent, and what was agreed when it was closed.

Ordered rules allocate charges to owners, shared costs are split, spend without an owner is a
separate row. All of it is pure over charges; the inputs are a published version and the decisions.
"""
