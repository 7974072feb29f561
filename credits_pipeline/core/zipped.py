"""What reading somebody else's ZIP can raise: damage, a password, a method that nobody knows."""

import zipfile
import zlib

#: RuntimeError is how `zipfile` asks for a password.
UNREADABLE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    NotImplementedError,
    OSError,
    EOFError,
    ValueError,
    KeyError,
)
