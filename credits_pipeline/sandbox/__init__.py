"""The embedded S3 server and the CloudZero stand-in, for the demo, for development and for tests.

The stand-in imports nothing from the client: it accepts CloudZero's contract, not our code.
"""
