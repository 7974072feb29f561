"""What the assets of a month and their job are called, whatever a code location puts before it."""

RAW = "raw_credits_csv"
CREDITS = "credits"
PAYLOAD = "cbf_payload"
DROP = "cloudzero_drop"
INBOX = "credits_inbox"
MONTH_JOB = "credits_month"
