"""AWS credits from a monthly file in S3 to a verified drop in CloudZero's AnyCost Stream.

The rooms, and the one way in which they import each other::

    cli → {orchestration, sandbox} → reporting → {credits, cloudzero, storage} → billing
"""
