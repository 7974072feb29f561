"""One module a change of the tables; none is edited once it is released."""
