"""CloudZero's AnyCost Stream: rows, request bodies, the HTTP client, the stream's lock, the drop.

No Dagster, and nothing that knows of files or of S3.
"""
