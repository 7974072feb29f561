"""AWS's ledger of credits, and what follows: balances, reconciliation, the month's file itself."""
