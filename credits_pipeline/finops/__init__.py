"""The second wing: the bills of every cloud, to the cent. It is not loaded unless it is used."""
