"""``policies``: the rules that resources are checked against: list, try, add, switch, evaluate."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli import scope as words
from credits_pipeline.cli.output import (
    Json,
    answers,
    doing,
    echo,
    fail,
    print_json,
    print_table,
    say,
)
from credits_pipeline.cli.sources import Why, whoever_runs_this
from credits_pipeline.core.settings import SettingError
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions.opening import Decisions
    from credits_pipeline.finops.governance.ledger import Record
    from credits_pipeline.finops.governance.opening import Decided
    from credits_pipeline.finops.governance.reading import Written
    from credits_pipeline.finops.governance.trying import Tried

policies = typer.Typer(
    name="policies",
    help="The rules that resources have to meet: list, try, add, switch and evaluate them.\n\n"
    "A policy is YAML with one SQL predicate over the table of resources: true is a violation, "
    "NULL is not known. Fifteen come with the product. Exit code 0 if all is well, 1 if a policy "
    "can't be used, 2 if the command can't be carried out.\n\n"
    "**Examples**\n\n"
    "`credits-pipeline policies list`\n\n"
    "`credits-pipeline policies test my-policy.yaml`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_Id = Annotated[str, typer.Argument(help="The policy's id.", metavar="ID")]
_File = Annotated[Path, typer.Argument(help="YAML with one policy or several.", metavar="FILE")]


@policies.command("list")
def list_(*, as_json: Json = False) -> None:
    """Show the policies: on or off, their severity, and what the newest evaluation found.

    **Examples**

    `credits-pipeline policies list`

    `credits-pipeline policies list --json | jq '.policies[] | select(.enabled).id'`
    """
    found, record = _decided(), _record()
    rows: list[dict[str, Any]] = []
    for kept in found.policies.kept.values():
        policy = kept.policy
        tally = record.tallies.get(policy.id) if record and policy.enabled else None
        rows.append(
            {
                "id": policy.id,
                "name": policy.name,
                "type": policy.type.value,
                "severity": policy.severity.value,
                "enabled": policy.enabled,
                "origin": policy.origin,
                "applies_to": list(policy.applies_to),
                "evidence": list(policy.evidence),
                "waits_for": list(policy.waits_for),
                "broken": tally.broken if tally else None,
                "clean": tally.clean if tally else None,
                "not_known": tally.not_known if tally else None,
                "cost_month": dict(tally.cost) if tally else None,
                "error": tally.error if tally else "",
            }
        )
    if as_json:
        print_json({"evaluated_at": record.at if record else None, "policies": rows,
                    "broken": dict(found.policies.broken)})  # fmt: skip
        return
    print_table(
        ["policy", "severity", "on", "broken", "clean", "not known", "evidence"],
        [
            [
                row["id"],
                row["severity"],
                "on" if row["enabled"] else "off",
                *(["" if row[key] is None else f"{row[key]:,}" for key in
                   ("broken", "clean", "not_known")]),
                ", ".join(row["evidence"]),
            ]
            for row in rows
        ],
        right=["broken", "clean", "not known"],
        folds=["evidence"],
    )  # fmt: skip
    for row in rows:
        if row["error"]:
            say(f"{row['id']} was not evaluated: {row['error']}", "red")
    for told in found.policies.broken.values():
        say(told, "red")
    say(f"As evaluated on {record.at[:16]} UTC." if record else
        "Nothing has been evaluated yet: credits-pipeline policies evaluate")  # fmt: skip


@policies.command()
def show(policy: _Id, *, as_json: Json = False) -> None:
    """Print a policy as the YAML that `policies add` takes.

    **Example**

    `credits-pipeline policies show region-not-allowed > region.yaml`
    """
    from credits_pipeline.finops.governance.reading import written  # noqa: PLC0415 - when used

    kept = _decided().policies.kept.get(policy)
    if kept is None:
        fail(f"There is no policy {policy!r}. What to do: credits-pipeline policies list.", 2)
    if as_json:
        print_json({"id": policy, **kept.body})
    else:
        echo(written(policy, kept.body).rstrip())


@policies.command("test")
def try_(file: _File, *, as_json: Json = False) -> None:
    """Say what policies would find now, with five examples each; nothing is saved.

    Exit code 0 if each could be evaluated, 1 if one is refused or fails, with its line.

    **Examples**

    `credits-pipeline policies test my-policy.yaml`

    `credits-pipeline policies test my-policy.yaml --json | jq '.policies[].broken'`
    """
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used
    from credits_pipeline.finops.governance import governing  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.fence import FenceError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.ledger import GovernanceError  # noqa: PLC0415
    from credits_pipeline.finops.governance.trying import try_policy  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root, tag_keys  # noqa: PLC0415 - as above

    read = _read(file)
    with words.opened_version() as version, doing("Asking"):
        tried = []
        try:
            with governing.table(Depot(storage_root()), version, tag_keys()) as made:
                for one in read:
                    tried.append(try_policy(one.policy, made))
        except FenceError as error:
            fail(f"{file}, policy {one.policy.id!r}: {error}", 1)
        except GovernanceError as error:
            fail(str(error), 2)
    if as_json:
        print_json({"policies": [_tried(one) for one in tried]})
        return
    for one_tried in tried:
        _print_tried(one_tried)


@policies.command()
def add(
    file: _File,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace policies that have the same id.")
    ] = False,
    why: Why = "",
    as_json: Json = False,
) -> None:
    """Store the policies of a file; the next evaluation uses them.

    A policy with the id of a built-in one replaces it. Exit code 0 if all are stored, 1 if none is.

    **Example**

    `credits-pipeline policies add my-policy.yaml --why "agreed with the platform team"`
    """
    from credits_pipeline.finops.governance import book  # noqa: PLC0415 - when used

    read = _read(file)
    with _decisions() as decisions:
        there = book.policies(decisions).kept
        known = {id_: kept for id_, kept in there.items() if kept.version is not None}
        taken = [one.policy.id for one in read if one.policy.id in known]
        if taken and not replace:
            fail(
                f"There is a policy {taken[0]!r} already, written by {known[taken[0]].by}. What "
                "to do: give yours another id, or use --replace.",
                1,
            )
        for one in read:
            before = known.get(one.policy.id)
            book.save(
                decisions,
                one.policy.id,
                one.body,
                by=whoever_runs_this(),
                expected=before.version if before else None,
                why=why,
            )
    ids = [one.policy.id for one in read]
    if as_json:
        print_json({"kept": ids})
    else:
        answers().print(f"kept: {', '.join(ids)}")
        say("They are checked at the next evaluation: credits-pipeline policies evaluate")


@policies.command()
def enable(policy: _Id, *, why: Why = "", as_json: Json = False) -> None:
    """Turn a policy on.

    **Example**

    `credits-pipeline policies enable no-expiry`
    """
    _switch(policy, on=True, why=why, as_json=as_json)


@policies.command()
def disable(policy: _Id, *, why: Why = "", as_json: Json = False) -> None:
    """Turn a policy off; its findings disappear with the next evaluation.

    **Example**

    `credits-pipeline policies disable no-expiry --why "the archive account keeps all"`
    """
    _switch(policy, on=False, why=why, as_json=as_json)


@policies.command()
def remove(policy: _Id, *, why: Why = "", as_json: Json = False) -> None:
    """Remove a policy of your own; a built-in one with the same id is back in its original form.

    **Example**

    `credits-pipeline policies remove my-policy`
    """
    from credits_pipeline.finops.governance import book  # noqa: PLC0415 - when used

    with _decisions() as decisions:
        item = decisions.item(book.KIND, policy)
        if item is None:
            fail(
                f"There is no policy {policy!r} of your own. What to do: credits-pipeline "
                "policies list; a built-in is turned off with policies disable.",
                2,
            )
        decisions.delete(book.KIND, policy, by=whoever_runs_this(), expected=item.version, why=why)
    if as_json:
        print_json({"removed": policy})
    else:
        answers().print(f"{policy} is removed")


@policies.command("evaluate")
def evaluate_(*, as_json: Json = False) -> None:
    """Check every resource against the policies that are on, as the daily run does.

    Exit code 0 if each policy could be evaluated, 1 if one could not.

    **Example**

    `credits-pipeline policies evaluate`
    """
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used
    from credits_pipeline.finops.governance import governing  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.ledger import GovernanceError  # noqa: PLC0415
    from credits_pipeline.finops.settings import storage_root, tag_keys  # noqa: PLC0415 - as above

    found = _decided()
    with words.opened_version() as version, doing("Evaluating") as now:
        try:
            record, outcomes = governing.run(
                Depot(storage_root()),
                version,
                found.policies.enabled,
                tag_keys(),
                unreadable=found.policies.broken,
                digest=found.digest,
                say=now,
            )
        except GovernanceError as error:
            fail(str(error), 2)
    wrong = {one.policy.id: one.error for one in outcomes if one.error}
    wrong.update(found.policies.broken)
    broken = sum(tally.broken for tally in record.tallies.values())
    if as_json:
        print_json({"at": record.at, "resources": record.resources, "broken": broken,
                    "errors": wrong})  # fmt: skip
    else:
        answers().print(
            f"Policies checked: {len(outcomes)}, on {counted(record.resources, 'resource')}: "
            f"{counted(broken, 'violation')}"
        )
        for id_, told in wrong.items():
            say(f"{id_}: {told}", "red")
    raise typer.Exit(1 if wrong else 0)


def _switch(policy: str, *, on: bool, why: str, as_json: bool) -> None:
    from credits_pipeline.finops.governance import book  # noqa: PLC0415 - when used

    with _decisions() as decisions:
        book.switch(decisions, policy, enabled=on, by=whoever_runs_this(), why=why)
    if as_json:
        print_json({"id": policy, "enabled": on})
    else:
        answers().print(f"{policy} is {'on' if on else 'off'}")


def _decided() -> "Decided":
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.governance.opening import decided  # noqa: PLC0415 - as above

    try:
        return decided()
    except (SettingError, DecisionsError) as error:
        fail(str(error), 2)


def _record() -> "Record | None":
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.ledger import Ledger  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    try:
        return Ledger(Depot(storage_root())).current()
    except (SettingError, BillError) as error:
        fail(str(error), 2)


@contextmanager
def _decisions() -> "Iterator[Decisions]":
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.decisions.opening import open_decisions  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance.policy import PolicyError  # noqa: PLC0415 - as above

    try:
        with open_decisions() as decisions:
            yield decisions
    except SettingError as error:
        fail(str(error), 2)
    except (PolicyError, DecisionsError) as error:
        fail(str(error), 1)


def _read(file: Path) -> "list[Written]":
    from credits_pipeline.finops.governance.reading import PolicyTextError, read  # noqa: PLC0415

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error}. What to do: name a file in UTF-8.", 2)
    try:
        return read(text, name=str(file))
    except PolicyTextError as error:
        fail(str(error), 1)


def _tried(one: "Tried") -> dict[str, Any]:
    from credits_pipeline.core.money import to_text  # noqa: PLC0415 - when used

    return {
        "id": one.policy.id,
        "broken": one.broken,
        "clean": one.clean,
        "not_known": one.not_known,
        "cost_month": {currency: to_text(cost) for currency, cost in one.cost.items()},
        "examples": [
            {
                "account": each.resource["account"],
                "region": each.resource["region"],
                "resource_id": each.resource["resource_id"],
                "says": each.says,
            }
            for each in one.examples
        ],
    }


def _print_tried(one: "Tried") -> None:
    costs = ", ".join(f"{cost:,.2f} {currency}" for currency, cost in one.cost.items())
    console = answers()
    console.print(
        f"{one.policy.id}: {one.broken:,} broken{' at ' + costs + ' a month' if costs else ''}, "
        f"{one.clean:,} clean, {one.not_known:,} not known"
    )
    for each in one.examples:
        row = each.resource
        console.print(f"  {row['account']} {row['region']} {row['resource_id']}: {each.says}")
