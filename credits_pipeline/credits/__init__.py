"""The file: its months, versions, reading, table, ledger and decisions.

No Dagster, no AWS SDK, no network: bytes in, values out.
"""
