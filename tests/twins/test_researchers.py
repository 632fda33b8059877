"""docs/researchers.md runs from top to bottom and prints what it says."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "researchers.md"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def blocks(text: str) -> list[tuple[str, str]]:
    """Each block of code with what the page says that it prints."""
    found: list[tuple[str, str]] = []
    for kind, body in BLOCK.findall(text):
        if kind == "python":
            found.append((body, ""))
        else:
            found[-1] = (found[-1][0], body)
    return found


def run(code: str, names: dict[str, object]) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 (the repository's own page)
    return printed.getvalue()


def assert_same(printed: str, expected: str) -> None:
    """The same words, and the same numbers but for the last digit that is shown."""
    assert NUMBER.sub("0", " ".join(printed.split())) == NUMBER.sub("0", " ".join(expected.split()))
    for found, said in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
        digits = len(said.partition(".")[2]) if "." in said else 0
        assert float(found) == pytest.approx(float(said), abs=1.01 * 10.0**-digits if digits else 0.5), said


def test_the_quick_start_prints_what_it_says() -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    found = blocks(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 15
    for code, expected in found:
        assert_same(run(code, names), expected)


def test_the_comparison_of_prints_sees_another_number_and_another_word() -> None:
    assert_same("clearance 3.14", "clearance  3.15")
    for printed in ("clearance 3.17", "volume 3.15"):
        with pytest.raises(AssertionError):
            assert_same(printed, "clearance 3.15")


def test_importing_twins_loads_neither_numba_nor_pandas_nor_django() -> None:
    loaded = "print(*(n for n in ('numba', 'numpy', 'pandas', 'scipy', 'django') if n in sys.modules))"
    command = [sys.executable, "-c", f"import sys, twins; {loaded}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PAGE.parents[1])
    assert found.stdout.strip() == ""
