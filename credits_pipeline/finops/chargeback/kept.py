"""Statements in the wing's storage, each under its own digest: written once, never changed."""

from credits_pipeline.finops.chargeback.statement import FORM, Statement
from credits_pipeline.finops.depot import Depot

_FOLDER = "chargeback/statements"


class KeptError(Exception):
    """A statement that was closed can't be read as it was kept; the message says what to do."""


class KeptStatements:
    """All that were kept."""

    def __init__(self, depot: Depot) -> None:
        """Name the storage.

        Args:
            depot: of the wing.
        """
        self._depot = depot

    def keep(self, statement: Statement) -> str:
        """Keep one.

        Returns:
            Its digest.
        """
        key = self._key(statement.digest)
        if self._depot.read(key) is None:
            self._depot.write(key, statement.as_dict())
        return statement.digest

    def read(self, digest: str) -> Statement:
        """One that was kept.

        Raises:
            KeptError: it is not there, or is not what was kept.
        """
        told = self._depot.read(self._key(digest))
        where = f"{self._depot.root}/{self._key(digest)}"
        if told is None:
            raise KeptError(
                f"The statement {digest[:12]} was closed, but {where} is missing. What to do: "
                "restore that file from a backup, or reopen the month and close it again."
            )
        if told.get("form") != FORM:
            raise KeptError(
                f"{where} has form {told.get('form')}, and this release reads form {FORM}. What "
                "to do: install the release that wrote it."
            )
        found = Statement.from_dict(told)
        if found.digest != digest:
            raise KeptError(
                f"{where} was changed since it was stored: its digest is {found.digest[:12]}. What "
                "to do: restore that file from a backup, or reopen the month and close it again."
            )
        return found

    def _key(self, digest: str) -> str:
        return f"{_FOLDER}/{digest}.json"
