"""CloudZero's key and connection id from AWS Secrets Manager.

A secret is JSON whose fields are named like the variables, or the plain key. Its content appears in
no message, repr or traceback.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credits_pipeline.core.aws import secrets_client
from credits_pipeline.core.settings import API_KEY, SECRET, SettingError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_GRANT = "grant secretsmanager:GetSecretValue on it, and kms:Decrypt where it has a key of its own"
#: Refusals that a person must settle; any other failure may be temporary.
_FOR_A_PERSON = {
    "ResourceNotFoundException": "check that there is a secret of that name in the region of "
    "AWS_REGION; the ARN names one of another account",
    "AccessDeniedException": _GRANT,
    "403": _GRANT,
    "DecryptionFailure": "grant kms:Decrypt on the key that it is encrypted with",
    "InvalidRequestException": "check that it has a value and is not marked for deletion",
    "InvalidParameterException": "set it to the name or the ARN of a secret",
    "ValidationException": "set it to the name or the ARN of a secret",
    "UnrecognizedClientException": "check that the AWS credentials are valid",
    "InvalidSignatureException": "check that the AWS credentials are valid",
}


@dataclass(frozen=True)
class Secret:
    """The content of a secret.

    Attributes:
        name: its name or ARN.
        fields: values by the names of the variables that they replace; never shown.
    """

    name: str
    fields: dict[str, str] = field(repr=False)


def read_secret(name: str) -> Secret:
    """Read a secret's current version.

    Args:
        name: its name or ARN.

    Raises:
        SettingError: it does not exist, may not be read, or is not a JSON object.
        TransientError: there was no answer, or one that may be different later.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from credits_pipeline.credits.cloudzero.errors import TransientError  # noqa: PLC0415 - loads httpx

    try:
        answer = secrets_client().get_secret_value(SecretId=name)
    except ClientError as error:
        raise _refused(name, error) from None
    except (BotoCoreError, OSError) as error:
        raise TransientError(
            f"{_could_not_be_read(name)}: {error}.",
            "If this persists, check that Secrets Manager can be reached from here.",
        ) from None
    fields = _fields(answer.get("SecretString", ""))
    # From here on, a traceback that shows local variables shows no key.
    del answer
    if fields is None:
        raise SettingError(
            f"The secret {name} of {SECRET.name} begins like JSON but is not a JSON object. Store "
            f'{{"{API_KEY.name}": "…"}}, or the key alone.'
        )
    return Secret(name, fields)


def _fields(text: str) -> dict[str, str] | None:
    """The values of a secret's text by name; None if it can't be read."""
    if not text.lstrip().startswith("{"):
        return {API_KEY.name: text.strip()}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {name: value.strip() for name, value in told.items() if isinstance(value, str)}


def _refused(name: str, error: "ClientError") -> Exception:
    from credits_pipeline.credits.cloudzero.errors import TransientError  # noqa: PLC0415 - loads httpx

    answer = error.response.get("Error", {})
    code = answer.get("Code", "")
    said = f"{_could_not_be_read(name)}: {code}."
    if code in _FOR_A_PERSON:
        return SettingError(f"{said} What to do: {_FOR_A_PERSON[code]}.")
    return TransientError(f"{said} {answer.get('Message', '')}".rstrip(), "Run it again later.")


def _could_not_be_read(name: str) -> str:
    return f"The secret {name} of {SECRET.name} could not be read"
