"""AWS's credit ledger, and what follows: balances, reconciliation, the month's file itself."""
