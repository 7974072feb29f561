"""The pages' own environment variables: who may come in, and where runs are started."""

from credits_pipeline.core.settings import Variable

PROXY_SECRET = Variable(
    "FINOPS_PROXY_SECRET",
    "",
    "What the proxy in front of the pages sends in the header X-Finops-Door with every request: "
    "only then do its headers say who the visitor is. Without it there is one local user, on "
    "loopback only.",
    secret=True,
)
ROLES = Variable(
    "FINOPS_ROLES",
    "",
    "The role of each group that the proxy names: finance=approver,everyone=viewer. Roles are "
    "viewer, editor, approver and admin.",
)
TEAMS = Variable(
    "FINOPS_TEAMS",
    "",
    "Groups that see the spend of some teams only: search-leads=search;ranking. Members of a "
    "group without a limit see everything.",
)
DAGSTER_URL = Variable(
    "FINOPS_DAGSTER_URL",
    "",
    "Where the pages reach Dagster's webserver to start runs; default: CREDITS_UI_URL. Without "
    "either they show the command.",
)
VARIABLES = (PROXY_SECRET, ROLES, TEAMS, DAGSTER_URL)
