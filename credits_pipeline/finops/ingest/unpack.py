"""Unpacks a gzip file beside it, completely and checked, within limits."""

import zlib
from pathlib import Path

from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.limits import Limits

_CHUNK = 1 << 20
#: gzip's header and trailer, which zlib checks: the checksum and the length of the content.
_GZIP = 16 + zlib.MAX_WBITS


def unpack(packed: Path, to: Path, name: str, limits: Limits) -> None:
    """Write the content of a gzip file.

    Raises:
        FileFault: it is cut off, damaged, not gzip, or becomes far larger than bills do.
    """
    allowed = max(limits.free_expansion, limits.expansion * packed.stat().st_size)
    written = 0
    with packed.open("rb") as source, to.open("wb") as target:
        stream = zlib.decompressobj(_GZIP)
        data, ended = source.read(_CHUNK), False
        if not data:
            raise FileFault("files_match_manifest", name, "is empty", passes=True)
        try:
            while True:
                piece = stream.decompress(data, _CHUNK * 4)
                data = stream.unconsumed_tail
                written += len(piece)
                if written > allowed:
                    raise FileFault(
                        "files_match_manifest",
                        name,
                        f"becomes more than {allowed:,} bytes from {packed.stat().st_size:,}; it "
                        "was not read further",
                    )
                target.write(piece)
                if stream.eof:
                    # A gzip file may consist of several, one after the other, and be padded with
                    # zeros.
                    data = (stream.unused_data or source.read(_CHUNK)).lstrip(b"\0")
                    if not data:
                        break
                    stream = zlib.decompressobj(_GZIP)
                elif not data:
                    data = b"" if ended else source.read(_CHUNK)
                    if ended and not piece:
                        break
                    ended = not data
        except zlib.error as error:
            raise FileFault(
                "files_match_manifest",
                name,
                f"is damaged: {str(error).rpartition(': ')[2]} after {written:,} bytes",
                passes=True,
            ) from error
        if not stream.eof:
            raise FileFault(
                "files_match_manifest",
                name,
                f"is cut off: its gzip ends after {written:,} bytes without its end",
                passes=True,
            )
