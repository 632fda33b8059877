"""The filesystem broker: a worker never sees half a message."""

import os
import time
import uuid
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from clinic.site import spool
from clinic.site.celery import app


@pytest.fixture
def options(tmp_path: Path) -> dict[str, object]:
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    folder = str(tmp_path / "queue")
    return {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": str(tmp_path / "control"),
        "polling_interval": 0.001,
    }


@pytest.fixture
def name() -> str:
    """A queue of the test's own: kombu remembers for the whole process which queues were bound."""
    return uuid.uuid4().hex


def connect(options: dict[str, object]) -> Connection:
    return Connection("filesystem://", transport_options=options)


def test_the_filesystem_broker_of_the_site_is_ours() -> None:
    assert app.connection("filesystem://").transport_cls == "filesystem"
    assert isinstance(app.connection("filesystem://").transport, spool.Transport)


def test_nobody_is_warned_that_a_folder_has_no_host(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    connect({"data_folder_in": str(tmp_path)}).clone().info()
    assert caplog.messages == []


def test_a_message_cannot_be_seen_before_it_is_whole(
    options: dict[str, object], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the folder at the last moment before the message appears is nothing that a worker takes."""
    seen: list[str] = []
    rename = os.replace

    def look_first(old: Path, new: Path) -> None:
        with connect(options) as reader, pytest.raises(Empty):
            reader.SimpleQueue(name).get_nowait()
        seen.append(old.name)
        assert Path(old).read_text(encoding="utf-8").endswith("}")
        rename(old, new)

    monkeypatch.setattr(spool.os, "replace", look_first)
    with connect(options) as writer:
        queue = writer.SimpleQueue(name)
        queue.put({"job": 1})
        assert len(seen) == 1
        assert queue.get(timeout=5).payload == {"job": 1}


def test_messages_arrive_in_the_order_in_which_they_were_sent(options: dict[str, object], name: str) -> None:
    with connect(options) as connection:
        queue = connection.SimpleQueue(name)
        for number in range(5):
            queue.put({"number": number})
            time.sleep(0.002)
        assert [queue.get(timeout=5).payload["number"] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_table_of_listeners_that_is_being_written_has_nobody_yet(
    options: dict[str, object], name: str, tmp_path: Path
) -> None:
    (tmp_path / "control" / f"{name}.exchange").write_text("")
    with connect(options) as connection:
        assert connection.default_channel.get_table(name) == []


def test_a_folder_that_cannot_be_written_is_named(options: dict[str, object], name: str, tmp_path: Path) -> None:
    with connect(options) as connection:
        queue = connection.SimpleQueue(name)
        (tmp_path / "queue").rename(tmp_path / "elsewhere")
        with pytest.raises(ChannelError, match="cannot be written"):
            queue.put({"job": 1})
