"""CloudZero's AnyCost Stream: rows, request bodies, the HTTP client, the stream's lock, the drop.

No Dagster, and nothing about files or S3.
"""
