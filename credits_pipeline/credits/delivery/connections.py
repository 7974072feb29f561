"""The inbox, the storage and CloudZero's stream, as plain objects that open on first use.

Each reads its settings from the environment on first use, so a missing key fails only what needs
it. Arguments given here take precedence over the environment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from credits_pipeline.core import settings
from credits_pipeline.core.overrides import is_overridden, variable_of

if TYPE_CHECKING:
    from credits_pipeline.core.storage.archive import Archive
    from credits_pipeline.core.storage.store import Store
    from credits_pipeline.credits.cloudzero.client import CloudZeroClient
    from credits_pipeline.credits.cloudzero.lock import StreamLock
    from credits_pipeline.credits.delivery.secret import Secret
    from credits_pipeline.credits.inbox.bucket import Inbox
    from credits_pipeline.credits.reading.profiles.book import Profiles
    from credits_pipeline.credits.state.journal import Journal


class Instance(Protocol):
    """Dagster's instance, as far as the lock needs it: its database may hold the lock."""

    @property
    def run_storage(self) -> Any:
        """Where Dagster keeps its runs."""


@dataclass
class InboxConnection:
    """The bucket and prefix that credits files are uploaded to.

    Attributes:
        bucket: default CREDITS_BUCKET.
        prefix: default CREDITS_PREFIX.
    """

    bucket: str | None = None
    prefix: str | None = None

    def open(self) -> "Inbox":
        """The inbox.

        Raises:
            SettingError: no bucket is set.
        """
        from credits_pipeline.credits.inbox.bucket import Inbox  # noqa: PLC0415 - loads the AWS SDK

        return Inbox(
            settings.BUCKET.text() if self.bucket is None else self.bucket,
            settings.PREFIX.text() if self.prefix is None else self.prefix,
        )


@dataclass
class StorageConnection:
    """Where the pipeline keeps what it made.

    Attributes:
        root: a folder or ``s3://bucket/prefix``; default CREDITS_STORAGE.
    """

    root: str | None = None

    def store(self) -> "Store":
        """The files.

        Raises:
            SettingError: the place can't be used.
        """
        from credits_pipeline.core.storage.store import open_store  # noqa: PLC0415 - loads the AWS SDK

        return open_store(settings.storage_root() if self.root is None else self.root)

    def profiles(self) -> "Profiles":
        """Which profiles people stored, and those of the product.

        Raises:
            ProfileError: a stored one can't be used.
            StorageError: the storage can't be read.
        """
        from credits_pipeline.core.storage.profiles import ProfileShelf  # noqa: PLC0415 - as above
        from credits_pipeline.credits.reading.profiles.book import (  # noqa: PLC0415 - loads polars
            with_stored,
        )

        return with_stored(ProfileShelf(self.store()).texts())

    def archive(self) -> "Archive":
        """What the assets made."""
        from credits_pipeline.core.storage.archive import Archive  # noqa: PLC0415 - as above

        return Archive(self.store())

    def journal(self) -> "Journal":
        """Attempts, receipts and decisions."""
        from credits_pipeline.credits.state.journal import Journal  # noqa: PLC0415 - as above

        return Journal(self.store())


@dataclass
class StreamConnection:
    """One AnyCost Stream.

    The API key is read from the environment variable, or the field of the secret, that is named
    here; it is never configuration. A connection reads the secret once.

    Attributes:
        base_url: default CLOUDZERO_BASE_URL.
        connection_id: default CLOUDZERO_CONNECTION_ID.
        api_key_variable: the name of the variable that has the key.
    """

    base_url: str | None = None
    connection_id: str | None = None
    api_key_variable: str = settings.API_KEY.name
    # Without a default: it would be an attribute of the class and hide a resource's own.
    _secret: "Secret | None" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._secret = None

    def address(self) -> tuple[str, str]:
        """Base URL and connection id of the stream.

        Raises:
            SettingError: no connection id is set, or the secret can't be used.
            TransientError: the secret could not be read.
        """
        return (
            settings.BASE_URL.text() if self.base_url is None else self.base_url,
            self._text(settings.CONNECTION_ID)
            if self.connection_id is None
            else self.connection_id,
        )

    def why_not_set(self) -> str | None:
        """Why CloudZero can't be asked with the current settings, or None.

        Raises:
            TransientError: the secret could not be read.
        """
        return next(iter(self.unset()), None)

    def unset(self) -> list[str]:
        """What is wrong with address and key, in a sentence for each.

        Raises:
            TransientError: the secret could not be read.
        """
        found: list[str] = []
        for ask in (self.address, self._api_key):
            try:
                ask()
            except settings.SettingError as error:
                found.append(str(error))
        return found

    def _api_key(self) -> str:
        return self._text(replace(settings.API_KEY, name=self.api_key_variable))

    def _text(self, variable: settings.Variable) -> str:
        """A variable of the stream, else from the secret, else from the environment."""
        from credits_pipeline.credits.delivery.secret import read_secret  # noqa: PLC0415 - loads the AWS SDK

        name = settings.SECRET.text()
        if not name or is_overridden(variable.name):
            return variable.text()
        if self._secret is None or self._secret.name != name:
            self._secret = read_secret(name)
        field = variable_of(variable.name)
        found = self._secret.fields.get(field)
        if found:
            return found
        try:
            return variable.text()
        except settings.SettingError as error:
            raise settings.SettingError(
                f"The secret {name} of {settings.SECRET.name} has no {field}, and {error}"
            ) from None

    def client(
        self, *, seconds: int | None = None, test_key: str | None = None
    ) -> "CloudZeroClient":
        """A client of the stream.

        Args:
            seconds: its time budget; default CLOUDZERO_DROP_SECONDS.
            test_key: sends drops to a separate namespace, for a rehearsal.

        Raises:
            SettingError: a setting is missing, or the secret can't be used; the message names it.
            TransientError: the secret could not be read.
        """
        from credits_pipeline.credits.cloudzero.client import CloudZeroClient  # noqa: PLC0415 - httpx
        from credits_pipeline.credits.cloudzero.retrying import RetryPolicy  # noqa: PLC0415 - as above

        base_url, connection_id = self.address()
        if seconds is None:
            seconds = settings.DROP_SECONDS.read(settings.at_least(1))
        return CloudZeroClient(
            api_key=self._api_key(),
            connection_id=connection_id,
            base_url=base_url,
            retry=RetryPolicy(budget_seconds=seconds),
            test_key=test_key,
        )

    @contextmanager
    def locked_client(
        self,
        instance: Instance,
        waiting: Callable[[str], None],
        *,
        seconds: int | None = None,
        test_key: str | None = None,
    ) -> "Iterator[CloudZeroClient]":
        """A client of the stream under its lock; it makes no request without the lock.

        Args:
            instance: see `lock`.
            waiting: called with a sentence when the lock has to be waited for.
            seconds: see `client`.
            test_key: see `client`.

        Raises:
            SettingError: a setting is missing.
            LockError: the lock can't be taken.
        """
        with (
            self.client(seconds=seconds, test_key=test_key) as client,
            self.lock(instance).hold(waiting) as held,
            client.guarded(held.still_held),
        ):
            yield client

    def lock(self, instance: Instance) -> "StreamLock":
        """The lock of the stream: one request at a time (design decision 2).

        Args:
            instance: Dagster's; if its database is PostgreSQL the lock is in it, and so covers
                every machine that runs the pipeline; otherwise it is in this machine's file system.

        Raises:
            SettingError: no connection id is set.
        """
        from credits_pipeline.credits.cloudzero.errors import LockError  # noqa: PLC0415 - loads httpx
        from credits_pipeline.credits.cloudzero.lock import (  # noqa: PLC0415 - when used
            FileStreamLock,
            OfMachineAndDatabase,
        )
        from credits_pipeline.credits.cloudzero.postgres_lock import (  # noqa: PLC0415 - when used
            PostgresStreamLock,
        )

        address = self.address()
        database = getattr(instance.run_storage, "postgres_url", None)
        if database is None:
            return FileStreamLock(*address)
        in_database = PostgresStreamLock(database, *address)
        try:
            return OfMachineAndDatabase(FileStreamLock(*address), in_database)
        except LockError:
            # A machine without a home folder has no place for it.
            return in_database
