"""What each team or product owes for a month, to the cent, and what was agreed when it was closed.

Charges are given to owners by ordered rules, shared costs are split, what nobody owns is a row of
its own. All of it is pure over charges; a published version and the decisions are its two inputs.
"""
