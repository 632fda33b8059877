"""Stolen passwords are refused: from a local list, or from a server that never learns them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from clinic.access.breach import BreachCheckError, in_file
from tests.clinic.access.people import PASSWORD, log_in, person

STOLEN = "correct horse battery staple"


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def write(path: Path, passwords: list[str], end: str = "\r\n") -> Path:
    lines = sorted(f"{digest(one)}:{number % 13}" for number, one in enumerate(passwords))
    path.write_bytes((end.join(lines) + end).encode())
    return path


def codes_of(password: str) -> set[str]:
    try:
        validate_password(password)
    except ValidationError as error:
        return {item.code or "" for item in error.error_list}
    return set()


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_each_of_a_list_is_found_and_nothing_else(tmp_path: Path, size: int, end: str) -> None:
    stolen = [f"password {number}" for number in range(size)]
    path = write(tmp_path / "list", stolen, end)
    assert all(in_file(digest(one), path) for one in stolen)
    assert not any(in_file(digest(f"other {number}"), path) for number in range(200))


@pytest.mark.parametrize("last_line_ends", [False, True])
def test_bisection_finds_what_a_walk_finds_in_every_list_of_six(tmp_path: Path, last_line_ends: bool) -> None:
    path = tmp_path / "list"
    for held in range(1, 64):
        numbers = [number for number in range(6) if held >> number & 1]
        # lines of unlike length, as counts make them
        lines = "\n".join(f"{2 * number:040X}:{10**number}" for number in numbers)
        path.write_text(lines + "\n" * last_line_ends, encoding="ascii")
        assert [number for number in range(13) if in_file(f"{number:040X}", path)] == [2 * one for one in numbers]


@pytest.mark.parametrize("content", [b"no digests\nat all\n", b"x" * 5000, b"\n\n\n"])
def test_a_file_that_is_no_list_says_so_instead_of_letting_everything_pass(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(BreachCheckError):
        in_file(digest(STOLEN), tmp_path / "list")


def test_a_stolen_password_is_refused_with_what_to_do(tmp_path: Path, settings: Any) -> None:
    assert codes_of(STOLEN) == set(), "nothing is looked up unless a setting says where"
    settings.BREACHED_PASSWORDS_FILE = str(write(tmp_path / "list", [STOLEN, "others"]))
    assert codes_of(STOLEN) == {"password_breached"}
    assert codes_of("seven green bottles on a wall") == set()
    assert codes_of("administrator") == {"password_too_common"}


def test_a_list_that_cannot_be_read_sets_no_password(tmp_path: Path, settings: Any) -> None:
    settings.BREACHED_PASSWORDS_FILE = str(tmp_path / "gone")
    assert codes_of("seven green bottles on a wall") == {"password_unchecked"}


@pytest.mark.django_db
def test_the_page_refuses_it(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.BREACHED_PASSWORDS_FILE = str(write(tmp_path / "list", [STOLEN]))
    user = person()
    log_in(client)
    answer = client.post("/account/password", {"again": PASSWORD, "new": STOLEN, "new_again": STOLEN})
    assert (answer.status_code, b"list of stolen passwords" in answer.content) == (400, True)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@contextmanager
def range_server(answers: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = answers.get(self.path)
            self.send_response(200 if content is not None else 503)
            self.end_headers()
            self.wfile.write((content or "").encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/range", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_server_is_told_five_digits_and_answers_with_the_rest(settings: Any) -> None:
    stolen, padding = digest(STOLEN), digest("only padding, not stolen")
    answers = {
        f"/range/{stolen[:5]}": f"{'0' * 35}:7\r\n{stolen[5:]}:3\r\n",
        f"/range/{padding[:5]}": f"{padding[5:]}:0\r\n",
    }
    with range_server(answers) as (address, asked):
        settings.BREACHED_PASSWORDS_URL = address
        assert codes_of(STOLEN) == {"password_breached"}
        assert codes_of("only padding, not stolen") == set()
        assert codes_of("a server that fails") == {"password_unchecked"}
    assert [len(path) for path in asked] == [len("/range/") + 5] * 3
