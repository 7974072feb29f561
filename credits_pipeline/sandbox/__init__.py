"""The embedded S3 server and the CloudZero stand-in, for the demo, for development and for tests.

The stand-in imports nothing of the client: what it accepts is CloudZero's contract, not our code.
"""
