"""People's decisions about a recommendation: the words of its states and reasons."""

from credits_pipeline.finops.decisions.kind import JudgedKind

KIND = "recommendation"
OPEN, PLANNED, DONE, DISMISSED, SNOOZED = "open", "planned", "done", "dismissed", "snoozed"
REASONS = (
    "needed as it is", "too risky", "too little", "not ours", "temporary", "wrong evidence",
    "other",
)  # fmt: skip
DECIDED = JudgedKind(
    KIND,
    (OPEN, PLANNED, DONE, DISMISSED, SNOOZED),
    "recommendations",
    reasons={DISMISSED: REASONS},
)
