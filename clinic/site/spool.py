"""Celery's filesystem broker, with messages that appear whole.

kombu's own transport makes a message's file first and writes it afterwards. A worker that looks in between takes a file
without content, which is not JSON, and ends. Here a message is written under a name that no queue looks for and then
renamed, which POSIX does at once or not at all.
"""

import os
import uuid
from pathlib import Path
from time import time_ns
from typing import Any, ClassVar

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Messages as files of ``data_folder_out``, whole from the first moment that they can be seen."""

    def get_table(self, exchange: str) -> list[Any]:
        """Who listens to `exchange`; nobody yet, while the first to listen is writing it down."""
        try:
            return super().get_table(exchange)
        except ValueError:
            return []

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        unseen = folder / f"{name}.part"
        try:
            unseen.write_text(dumps(payload), encoding="utf-8")
            os.replace(unseen, folder / name)  # noqa: PTH105 - says what it does
        except OSError as error:
            raise ChannelError(
                f"the message cannot be written to {folder}: {error}; see that the disk has room"
            ) from error


class Transport(filesystem.Transport):
    Channel = Channel
    default_connection_params: ClassVar[dict[str, Any]] = {}
    """A folder has no host, and none is missed: kombu warns of it at each connection."""


def use() -> None:
    """Let ``filesystem://`` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
