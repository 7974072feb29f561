"""Every sentence of docs/security.md has tests, named here, or is advice."""
# ruff: noqa: E501 - one line for each sentence

import ast
from functools import cache

import pytest

from credits_pipeline_tests.docs.claims import claims
from credits_pipeline_tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "security.md"
TESTS = ROOT / "credits_pipeline_tests"
#: Advice, consequences of another sentence, and introductions to lists.
ADVICE = ("advice",)
_AWS, _FILES = "deploy/test_aws.py", "deploy/test_files.py"
_HARD, _LIVE = "deploy/test_hardening.py", "deploy/test_production.py"
_RULES, _DOOR = "guard/test_rules.py", "guard/test_door.py"
_SURFACES, _TLS = "text/test_surfaces.py", "credits/cloudzero/test_tls.py"
_MONTH = f"{_AWS}::test_a_month_is_verified_with_the_pipeline_s_role_and_no_other_right"
_UPLOADER = f"{_AWS}::test_who_uploads_can_upload_a_month_and_nothing_else"
_PROXY = f"{_LIVE}::test_another_site_can_ask_for_nothing_with_an_editor_s_password"
_UNLISTED = f"{_HARD}::test_no_spelling_of_the_api_and_nothing_unlisted_passes_on_ecs"
_BUCKETS = f"{_AWS}::test_no_bucket_is_public_and_every_version_is_kept"
_PINS = f"{_HARD}::test_pins_are_taken_checked_and_given_to_the_build"
_REPORTS = f"{_LIVE}::test_a_viewer_can_report_no_materialisation"
_KEY = "live/test_dagster_dev.py::test_the_key_is_in_nothing_that_was_left_behind"
_EDITORS = f"{_LIVE}::test_only_editors_may_start_anything"
_PASSWORD = f"{_LIVE}::test_without_a_password_nothing_answers"
_RIGHTS = "finops/ledger/test_rights.py::test_the_policy_and_its_page_allow_the_two_reads_and_nothing_else"
_NO_WRITES = "finops/ledger/test_rights.py::test_calls_that_write_are_named_nowhere"
_BILL = f"{_AWS}::test_a_bill_is_read_and_shown_with_the_rights_of_each_and_no_other"
_THROUGH = f"{_LIVE}::test_a_bill_is_read_by_dagster_and_seen_through_the_door"
_SPOOFED = f"{_LIVE}::test_what_a_browser_says_of_itself_does_not_pass_the_door"
_PAST = f"{_LIVE}::test_without_the_proxy_s_secret_nobody_gets_in"
_NO_SITE = f"{_LIVE}::test_the_pages_ask_for_a_password_and_answer_no_other_site"
_THEIR_OWN = f"{_LIVE}::test_the_pages_know_no_key_and_their_database_is_their_own"
_TEAMS = (
    "finops/pages/test_matrix.py::test_a_team_s_lead_finds_that_team_and_no_other",
    "finops/pages/test_pages.py::test_who_sees_one_team_gets_its_numbers_alone",
    "finops/pages/test_pages.py::test_a_view_of_other_teams_is_not_shown_to_whoever_sees_one_team",
    "finops/pages/test_governance.py::test_who_sees_one_team_sees_its_violations_and_no_rule",
)
_CONNECT = "finops/pages/test_connecting.py::test_behind_a_proxy_a_folder_of_the_server_is_an_admin_s_to_connect"
_HOSTILE, _GATE = "finops/ingest/test_hostile.py", "finops/governance/test_gate.py"
_FENCE = "finops/governance/test_fence.py::test_files_and_settings_are_out_of_reach"
_BOMB = f"{_HOSTILE}::test_a_gzip_bomb_stops_early"
_ELSEWHERE = "finops/manifests/test_aws.py::test_an_address_in_a_manifest_leads_nowhere_else"
_LATER = "finops/chargeback/test_closing.py::test_a_bill_that_changes_after_the_close_is_an_adjustment_of_the_next_month"
#: By the sentence's beginning.
HELD: dict[str, tuple[str, ...]] = {
    "What is worth guarding here": ADVICE,
    "`deploy/aws/data.yaml` makes a role": (_MONTH, _UPLOADER),
    "A test runs a month": (_MONTH,),
    "| **uploader**": (_UPLOADER,),
    "| **pipeline**": (_MONTH, f"{_AWS}::test_an_upload_with_the_pipeline_s_role_says_which_right_is_missing"),
    "| **Dagster's services**": (f"{_AWS}::test_the_ui_s_role_reads_what_runs_printed_and_nothing_else",),
    "| **API key**": ("doctor/test_doctor.py::test_a_scope_that_is_missing_is_wrong_only_where_months_stop_at_it",),
    "With the second wing there": ADVICE,
    "| **pages**": (_BILL, _THEIR_OWN),
    "| **the proxy's secret**": (_PAST,),
    "| **viewer** of the pages": _TEAMS,
    "| **editor** of the pages": (_CONNECT, _LATER, _FENCE),
    "| **approver** of the pages": (_LATER,),
    "| **who can write to an export**": (
        _ELSEWHERE,
        _BOMB,
        f"{_HOSTILE}::test_nothing_asks_the_network",
        f"{_HOSTILE}::test_the_engine_sees_its_own_folder_and_nothing_else",
        "finops/pages/test_pages.py::test_a_hostile_name_is_shown_as_it_is",
    ),
    "| **scan**": (f"{_FILES}::test_a_scan_s_role_has_what_its_page_says_and_may_be_assumed_by_one_alone",),
    "What finds a false bill": ADVICE,
    "The old version stays": ("finops/lake/test_lake.py::test_old_versions_go_and_the_one_that_counts_stays_however_old",),
    "`deploy/nginx/nginx.conf` serves": (_THROUGH,),
    "It removes what a browser": (_SPOOFED,),
    "Past it nobody": (_PAST, "finops/pages/test_server.py::test_past_the_proxy_nothing_is_begun_and_nothing_is_stored"),
    "A name in another case": (_SPOOFED,),
    "What other sites make": (_NO_SITE, "finops/pages/test_server.py::test_another_sites_page_opens_nothing_here"),
    "On loopback that stops": ("finops/pages/test_server.py::test_a_name_that_leads_here_by_somebody_elses_dns_is_turned_away",),
    "A limit to teams": _TEAMS,
    "Rules of policies are": (f"{_GATE}::test_whatever_comes_through_is_built_of_pieces_of_the_gate", _FENCE),
    "Words of a scope": (f"{_HOSTILE}::test_headers_are_never_sql_in_csv_and_in_parquet", "finops/queries/test_scope.py::test_a_bad_word_is_named_with_what_is_right"),
    "What bills say is": (
        "finops/queries/test_spend.py::test_a_tag_that_is_a_formula_is_text_in_a_spreadsheet",
        "finops/chargeback/test_documents.py::test_a_hostile_name_is_text_in_csv_and_in_a_workbook",
        "finops/decisions/test_files.py::test_what_is_written_as_yaml_is_read_back_whatever_its_id_and_words",
    ),
    "Archives are unpacked": (_BOMB, f"{_HOSTILE}::test_a_parquet_that_claims_more_rows_than_its_bytes_hold_is_not_read"),
    "Names in a manifest": (_ELSEWHERE, f"{_HOSTILE}::test_a_link_that_leads_out_of_the_folder_is_not_followed", f"{_HOSTILE}::test_a_link_put_there_while_a_file_is_opened_is_not_read"),
    "YAML that people import": ("core/test_yaml_outside.py::test_aliases_of_aliases_are_refused_before_they_are_written_out",),
    "What a store of bills answers": ("core/test_hidden.py::test_no_spelling_of_any_secret_is_shown", "core/test_hidden.py::test_a_store_that_repeats_its_address_shows_no_signature"),
    "| the password of decisions": (_THEIR_OWN,),
    "| the proxy's secret |": (_THEIR_OWN, _PAST),
    "| **editor** in the UI": (_EDITORS, "live/test_dagster_dev.py::test_the_key_is_in_no_answer_of_the_webserver"),
    "| **viewer** in the read-only UI": (_EDITORS,),
    "| **database**": (f"{_FILES}::test_only_the_code_server_knows_the_key",),
    "| **machine**": (_MONTH,),
    "What finds a forgery": (
        "credits/assets/test_reconcile.py::test_another_feeder_turns_the_check_red_and_only_its_month",
        "credits/assets/test_reconcile.py::test_what_the_month_held_before_is_not_visible_yet_and_something_else_is_red",
    ),
    "Against a false upload": ADVICE,
    "Both are versioned": (_BUCKETS,),
    "Old versions of the inbox": (_BUCKETS,),
    "For a bucket that you have": (_MONTH,),
    "Reading [AWS's ledger]": (_RIGHTS, _NO_WRITES),
    "`deploy/aws/ledger.yaml` makes the policy": (_RIGHTS,),
    "With it alone an attacker sees": (_RIGHTS,),
    "He can't use, move or split": (_RIGHTS, _NO_WRITES),
    "The service is in us-east-1": ADVICE,
    "Dagster's webserver asks nobody": (f"{_LIVE}::test_the_webserver_alone_takes_a_mutation_from_a_url",),
    "So it must never": ADVICE,
    "**On one machine** `credits-pipeline up`": (f"{_DOOR}::test_what_passes_is_answered_with_the_guard_s_headers",),
    "It answers on loopback": (
        f"{_RULES}::test_another_site_and_a_rebound_name_are_refused",
        f"{_RULES}::test_a_websocket_says_where_it_comes_from",
        f"{_RULES}::test_no_query_of_a_url_reaches_the_api",
        f"{_RULES}::test_the_api_is_known_however_its_path_is_spelled",
        f"{_RULES}::test_a_form_of_any_kind_is_refused",
    ),
    "Its pages load pictures": (f"{_DOOR}::test_what_passes_is_answered_with_the_guard_s_headers",),
    "Whoever else has an account": ADVICE,
    "`dg dev` has no guard": (f"{_LIVE}::test_the_webserver_alone_takes_a_mutation_from_a_url",),
    "`deploy/nginx/nginx.conf` is": (_PASSWORD, f"{_LIVE}::test_the_ui_and_its_api_answer_with_a_password"),
    "It also refuses what other sites": (_PROXY,),
    "Names keep their case": (f"{_LIVE}::test_a_name_in_another_case_is_another_person",),
    "Wrong passwords": (f"{_LIVE}::test_wrong_passwords_are_slowed_down_also_in_parallel_and_right_ones_are_not",),
    "`deploy/aws/services.yaml` does": (_UNLISTED, f"{_HARD}::test_what_the_ui_asks_for_passes_on_ecs"),
    "With another proxy": ADVICE,
    "`/graphql` takes": (_PROXY, f"{_LIVE}::test_a_subscription_of_a_stranger_is_refused"),
    "Nothing else.": (_PROXY,),
    "`/report_asset…` is closed": (_REPORTS,),
    "The pipeline has no use": ADVICE,
    "The decisions in a receipt": ("credits/assets/test_clearing.py::test_a_month_is_withdrawn_verified_and_receipted_whatever_its_file",),
    "Viewers get a webserver": (f"{_FILES}::test_viewers_are_served_read_only",),
    "| CloudZero's key": ("credits/assets/test_secret.py::test_a_month_is_sent_with_the_key_and_the_connection_of_the_secret",),
    "| the database's password": (f"{_FILES}::test_on_ecs_the_password_stays_and_no_call_is_cut_short",),
    "| webhook, SMTP password": ("doctor/test_doctor.py::test_channels_of_alerts_are_named_and_their_secrets_are_not",),
    "The key is no configuration": ("live/test_dagster_dev.py::test_the_key_is_in_no_answer_of_the_webserver",),
    "It is cut out of every error": (_KEY, "credits/cloudzero/test_secrets.py::test_no_failure_and_no_log_shows_it"),
    "`.env` belongs to its user": (f"{_FILES}::test_the_image_runs_without_root_and_copies_nothing_else",),
    "To change the key": ("credits/assets/test_secret.py::test_a_rotated_key_is_used_by_the_next_run_of_the_same_process",),
    "**To CloudZero** by HTTPS": ("credits/cloudzero/test_client.py::test_an_unsafe_or_invalid_base_url_is_refused", f"{_TLS}::test_plain_http_on_this_machine_goes_through_no_proxy"),
    "`CLOUDZERO_BASE_URL` with": ("credits/cloudzero/test_client.py::test_an_unsafe_or_invalid_base_url_is_refused",),
    "Redirects are not followed": ("credits/cloudzero/test_client.py::test_a_redirect_is_not_followed",),
    "Certificates are always checked": (f"{_TLS}::test_a_certificate_that_nobody_vouches_for_is_refused",),
    "**To PostgreSQL** as": (f"{_HARD}::test_on_ecs_the_database_s_certificate_is_checked",),
    "In `docker-compose.yaml` it is": (f"{_FILES}::test_only_the_proxy_can_be_reached_from_outside",),
    "Between Dagster's services": ADVICE,
    "Keep them on a network": (f"{_FILES}::test_only_the_proxy_can_be_reached_from_outside",),
    "**On Kubernetes add": ADVICE,
    "A company's own network": ADVICE,
    "| `HTTPS_PROXY`": (f"{_TLS}::test_a_proxy_that_the_environment_names_is_used_and_does_not_see_the_key",),
    "| `SSL_CERT_FILE`": (f"{_TLS}::test_a_network_s_own_authority_is_trusted_where_it_is_named",),
    "| `AWS_CA_BUNDLE`": ADVICE,
    "| `PGSSLROOTCERT`": (f"{_HARD}::test_on_ecs_the_database_s_certificate_is_checked",),
    "Account ids, file names": (_KEY,),
    "Whoever reads the log group": ADVICE,
    "Dagster's telemetry is off": (f"{_FILES}::test_dagster_takes_every_dagster_yaml", f"{_FILES}::test_kubernetes_has_the_same_instance"),
    "What is in a file": (
        f"{_SURFACES}::test_in_markdown_nothing_acts",
        f"{_SURFACES}::test_in_slack_nobody_is_called_and_nothing_is_a_link",
        f"{_SURFACES}::test_in_a_spreadsheet_no_cell_is_a_formula",
        "cli/test_hostile.py::test_check_shows_a_hostile_file_and_none_of_it_acts",
    ),
    "It has its own type": (f"{_SURFACES}::test_text_from_outside_can_not_be_put_into_a_text",),
    "A word that Markdown": (
        f"{_SURFACES}::test_in_markdown_nothing_acts",
        f"{_SURFACES}::test_in_slack_nobody_is_called_and_nothing_is_a_link",
        f"{_SURFACES}::test_every_character_of_unicode_that_is_not_seen_is_spelled_out",
    ),
    "What a step raises passes": (
        "text/test_gate.py::test_whatever_a_step_raises_is_shown_whole_and_so_is_what_led_to_it",
        "faults/test_failure_texts.py::test_every_step_and_sensor_has_the_gate",
        "faults/test_failure_texts.py::test_what_s3_answers_is_shown_and_does_not_act",
    ),
    "Tests send hostile texts": ("browser/test_hostile.py::test_a_red_check_of_a_hostile_file_asks_for_nothing",),
    "The image runs as user": (
        f"{_FILES}::test_the_image_runs_without_root_and_copies_nothing_else",
        f"{_HARD}::test_with_compose_nothing_but_tmp_can_be_written_and_no_capability_is_kept",
        f"{_HARD}::test_on_ecs_nothing_but_tmp_can_be_written_and_no_capability_is_kept",
        f"{_HARD}::test_on_kubernetes_nothing_but_tmp_can_be_written_and_no_capability_is_kept",
    ),
    "With Compose and on Kubernetes": (f"{_HARD}::test_with_compose_nothing_but_tmp_can_be_written_and_no_capability_is_kept", f"{_HARD}::test_on_kubernetes_nothing_but_tmp_can_be_written_and_no_capability_is_kept"),
    "What it installs is pinned": (f"{_FILES}::test_the_image_installs_what_was_tested_and_nothing_that_develops",),
    "Base images, actions": (_PINS, f"{_HARD}::test_pins_are_written_where_compose_and_ci_name_a_tag_and_can_be_renewed"),
    "Without `build-args`": (f"{_HARD}::test_the_build_takes_the_base_and_the_certificates_that_were_pinned",),
}  # fmt: skip


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("claim", claims(PAGE), ids=lambda claim: claim[:60])
def test_a_claim_is_proved_by_tests_or_is_advice(claim: str) -> None:
    held = [tests for begins, tests in HELD.items() if claim.startswith(begins)]
    assert len(held) == 1, claim
    for name in held[0]:
        if name not in ADVICE:
            file, _, test = name.partition("::")
            assert test in functions_of(file), name


def test_no_line_of_the_list_is_about_a_sentence_that_went() -> None:
    told = claims(PAGE)
    assert [begins for begins in HELD if not any(one.startswith(begins) for one in told)] == []
