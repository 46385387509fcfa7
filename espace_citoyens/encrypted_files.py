"""Files that this server writes and cannot read: compressed, then encrypted for a public key.

The format is age's (https://age-encryption.org/v1). Whoever steals a file, or the server that made
it, reads nothing. age works in a thread, at the other end of a pipe: nothing is whole in memory.
"""

import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pyrage


class BackupError(Exception):
    """No backup was made, or restored; the message is in French, for whoever runs the portal."""


def new_key() -> tuple[str, str]:
    """A private key, to keep away from this server, and the public one that encrypts for it."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def public_key(text: str):
    """The recipient that this text is. Raises BackupError."""
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise BackupError("La clé publique de sauvegarde n’est pas une clé age1….") from None


def private_key(text: str):
    """The identity that this text is. Raises BackupError."""
    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError:
        raise BackupError("La clé privée n’est pas une clé AGE-SECRET-KEY-1….") from None


@contextmanager
def encrypted(path: Path, recipients: list) -> Iterator:
    """A stream that compresses, then encrypts for `recipients` into a new file at `path`.

    Nobody else may read it. Raises BackupError.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pipe = _Pipe(lambda end: pyrage.encrypt_io(end, file, recipients), writes=True)
        with (
            pipe.open("La sauvegarde n’a pas pu être écrite") as end,
            gzip.GzipFile(fileobj=end, mode="wb", compresslevel=6) as stream,
        ):
            yield stream
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def decrypted(path: Path, identity) -> Iterator:
    """What `encrypted` was given, for whoever has the private key. Raises BackupError."""
    with path.open("rb") as file:
        pipe = _Pipe(lambda end: pyrage.decrypt_io(file, end, [identity]), writes=False)
        with (
            pipe.open("La clé n’est pas la bonne, ou le fichier est abîmé") as end,
            gzip.GzipFile(fileobj=end, mode="rb") as stream,
        ):
            yield stream


def digest_of(path: Path, identity) -> bytes:
    """The SHA-256 of what this file holds, once decrypted. Raises BackupError."""
    digest = sha256()
    with decrypted(path, identity) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.digest()


class _Pipe:
    """A pipe, whose other end `work` has in a thread of its own; `writes` says what ours does."""

    def __init__(self, work, *, writes: bool):
        reading, writing = os.pipe()
        ends = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")
        self.theirs, self.ours = ends if writes else reversed(ends)
        self.work, self.failure = work, None

    @contextmanager
    def open(self, words: str) -> Iterator:
        """Our end. Raises BackupError, with these words, when the work at the other end failed."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            with closing(self.ours):
                yield self.ours
        except (OSError, EOFError, BackupError) as error:
            thread.join()
            # When the work failed first, that is why ours cannot go on.
            if self.failure and not isinstance(self.failure, BrokenPipeError):
                raise BackupError(f"{words}.") from self.failure
            if isinstance(error, BackupError):
                raise
            raise BackupError(f"{words}.") from error
        finally:
            thread.join()
        if self.failure:
            raise BackupError(f"{words}.") from self.failure

    def _run(self) -> None:
        try:
            with closing(self.theirs):
                self.work(self.theirs)
        except (OSError, pyrage.DecryptError, pyrage.EncryptError) as error:
            self.failure = error
