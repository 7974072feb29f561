"""What is remembered of a month: attempts, receipts, findings, and the quota of cost queries."""
