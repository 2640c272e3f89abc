"""Blobs: content named by its SHA-256 in a directory that trainers and graders share, in the layout of
grader/kafka/blob_store.h. zstandard is optional: without it content is stored in valid but uncompressed zstd frames,
and blobs of others cannot be read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from .errors import InvalidRequestError

try:
    import zstandard
except ImportError:
    zstandard = None  # type: ignore[assignment,unused-ignore]

_MAGIC = b"\x28\xb5\x2f\xfd"
_RAW_BLOCK = 128 * 1024
_MODE = 0o1777  # as /tmp: anyone may add, only the owner may remove; what a reader gets is protected by its hash
MAX_ENVELOPE = 4096  # an envelope holds two ids, a hash and a location


class BlobMissing(Exception):
    """Not there yet: a shared file system may show it late."""


class BlobUnreadable(Exception):
    """There and wrong, or out of reach for this client."""


def raw_zstd_frame(content: bytes) -> bytes:
    """A zstd frame of uncompressed blocks. Source: RFC 8878, sections 3.1.1.1 and 3.1.1.2."""
    single_segment_with_8_byte_size = 0b1110_0000
    out = [_MAGIC, bytes([single_segment_with_8_byte_size]), len(content).to_bytes(8, "little")]
    starts = range(0, len(content), _RAW_BLOCK) if content else range(1)
    for start in starts:
        block = content[start:start + _RAW_BLOCK]
        last = start + _RAW_BLOCK >= len(content)
        out += [(len(block) << 3 | int(last)).to_bytes(3, "little"), block]
    return b"".join(out)


def envelope(request_id: str, trainer: str, reference: dict[str, Any]) -> bytes:
    wire = {"schema_version": 1, "request_id": request_id, "trainer": trainer, "blob": reference}
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode()


def reference_in(value: bytes) -> dict[str, Any] | None:
    """The blob reference of an envelope; None: the value is the content itself."""
    if len(value) > MAX_ENVELOPE or b'"blob"' not in value:
        return None
    try:
        blob = json.loads(value).get("blob")
    except (ValueError, AttributeError):
        return None
    return blob if isinstance(blob, dict) else None


class BlobStore:
    """Thread-safe; safe against concurrent writers of the same content."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        _make(self.directory)

    def put(self, content: bytes) -> dict[str, Any]:
        """Stores the content and returns its reference. Raises OSError."""
        digest = hashlib.sha256(content).hexdigest()
        relative = f"{digest[:2]}/{digest}.zst"
        reference = {"sha256": digest, "bytes": len(content), "location": f"file:{relative}"}
        path = self.directory / relative
        try:
            if stat.S_ISREG(os.lstat(path).st_mode):
                _touch(path)  # keeps the garbage collection away
                return reference
        except FileNotFoundError:
            pass
        _make(path.parent)
        temporary = path.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
        try:
            with open(temporary, "xb") as file:
                file.write(raw_zstd_frame(content) if zstandard is None
                           else zstandard.ZstdCompressor(level=3).compress(content))
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fdatasync(file.fileno())
            try:
                os.rename(temporary, path)
            except PermissionError:  # the sticky bit: another user has put the same content there meanwhile
                os.unlink(temporary)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return reference

    def get(self, reference: dict[str, Any], max_bytes: int) -> bytes:
        """Reads and checks a blob. Raises BlobMissing, BlobUnreadable."""
        digest, size, location = (reference.get(name) for name in ("sha256", "bytes", "location"))
        if (not isinstance(location, str) or not location.startswith("file:") or not isinstance(size, int)
                or not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest)):
            raise BlobUnreadable("malformed blob reference")
        relative = location[len("file:"):]
        if not relative or relative.startswith("/") or "\0" in relative or ".." in relative.split("/"):
            raise BlobUnreadable(f"blob location {location[:200]!r} is not below the shared directory")
        if not 0 <= size <= max_bytes:
            raise BlobUnreadable(f"blob of {size} bytes is too large: the maximum is {max_bytes} bytes")
        path = self.directory / relative
        try:
            compressed = path.read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(f"blob {path} is not there") from error
        except OSError as error:
            raise BlobUnreadable(f"blob {path}: {error.strerror}") from error
        content = _decompress(compressed, size, path)
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            raise BlobUnreadable(f"blob {path} is damaged: its size or hash differs from {size} bytes, {digest}")
        _touch(path)
        return content


def _decompress(compressed: bytes, size: int, path: Path) -> bytes:
    if zstandard is None:
        raise BlobUnreadable(f"blob {path} is compressed: pip install 'gradefarm[zstd]' to read it")
    try:
        with zstandard.ZstdDecompressor().stream_reader(compressed) as reader:
            content: bytes = reader.read(size + 1)  # a bomb costs no more, and is still seen to be too long
    except zstandard.ZstdError as error:
        raise BlobUnreadable(f"blob {path} is damaged: {error}") from error
    return content


def _make(directory: Path) -> None:
    try:
        os.mkdir(directory, 0o700)
        os.chmod(directory, _MODE)  # not by mkdir itself: the umask would cut it
    except FileExistsError:
        if not directory.is_dir():
            raise InvalidRequestError(f"blob store {directory} is not a directory") from None


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):  # another user's: the time of its writing counts
        os.utime(path)
