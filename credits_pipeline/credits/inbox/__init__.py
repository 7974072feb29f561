"""The inbox: the part of a bucket where credits files arrive, and which of them are new."""
