"""Wing two: where the money of every cloud went, from bills to pages."""
