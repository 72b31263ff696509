"""Errors that reach people. Each says what happened, on what, and (``hint``) what to do next.

::

    ChatmemError
    ├── ConfigError        a setting or the config file is wrong
    ├── ModelError
    │   ├── ModelNotFound      no such model or file
    │   ├── ModelLoadFailed    the file is not usable on this machine
    │   ├── EngineCrashed      the model process died while working
    │   ├── DownloadFailed     the hub could not be reached or sent something else
    │   ├── ContextTooSmall    the conversation cannot fit the model's context
    │   └── Interrupted        background use of the model gave way to the user
    ├── StoreError
    │   ├── StoreLocked        another chatmem has this data folder open
    │   ├── StoreTooNew        made by a newer chatmem
    │   └── StoreDamaged       SQLite reports damage, or the disk refuses to write
    ├── PromptError        a prompt file is missing or malformed
    ├── TransferError      an import or export file cannot be read or written
    └── NotFound           an id that does not exist

Cancelling is an event, not an error.
"""

from __future__ import annotations


class ChatmemError(Exception):
    """Root of every error shown to people: a sentence, and a hint at the remedy."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(ChatmemError):
    """A setting or the config file is wrong."""


class ModelError(ChatmemError):
    """Anything about the language model or the embedder."""


class ModelNotFound(ModelError):
    """No such model in the catalogue, or no such file."""


class ModelLoadFailed(ModelError):
    """The file is not a usable model on this machine."""


class EngineCrashed(ModelError):
    """The model process died while working."""


class DownloadFailed(ModelError):
    """The hub could not be reached, or what came is not what was promised."""


class ContextTooSmall(ModelError):
    """The prompt cannot fit the model's context."""


class Interrupted(ModelError):
    """Background use of the model gave way to the user."""


class StoreError(ChatmemError):
    """Anything about the database."""


class StoreLocked(StoreError):
    """Another chatmem has this data folder open."""


class StoreTooNew(StoreError):
    """The database was written by a newer chatmem."""


class StoreDamaged(StoreError):
    """SQLite reports damage, or the disk refuses to write."""


class PromptError(ChatmemError):
    """A prompt file is missing or malformed."""


class TransferError(ChatmemError):
    """A file for import or export cannot be read or written."""


class NotFound(ChatmemError):
    """An id that does not exist."""
