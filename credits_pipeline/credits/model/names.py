"""The names of a month's assets and their job, whatever prefix a code location gives them."""

RAW = "raw_credits_csv"
CREDITS = "credits"
PAYLOAD = "cbf_payload"
DROP = "cloudzero_drop"
INBOX = "credits_inbox"
MONTH_JOB = "credits_month"
