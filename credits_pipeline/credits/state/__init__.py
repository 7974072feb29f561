"""What is stored about a month: attempts, receipts, findings, and the quota of costs queries."""
