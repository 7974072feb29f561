"""The second wing: the bills of every cloud, to the cent. Nothing of it loads unless it is used."""
