"""Known vulnerabilities fail the audit; what could not be asked is said, and fails nothing."""

import json
import subprocess
import sys

import pytest

from scripts.tools import audit_dependencies

SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
HARMED = {"name": "pillow", "version": "12.3.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["12.4.0"]}]}
NOT_TOLD = {"name": "gradio", "skip_reason": "not found"}


@pytest.mark.promise(
    "A known vulnerability of a package fails the audit, and what could not be asked is said.", part="Security"
)
@pytest.mark.parametrize(
    ("packages", "status", "lines"),
    [
        ([SOUND], 0, ["1 of 1 locked packages were audited: 0 known vulnerabilities."]),
        ([NOT_TOLD], 0, ["NOT AUDITED: the index told nothing about the 1 locked packages."]),
        (
            [SOUND, HARMED, NOT_TOLD],
            1,
            [
                "2 of 3 locked packages were audited: 1 known vulnerabilities.",
                "NOT AUDITED, for the index told nothing: gradio.",
                "pillow 12.3.0: PYSEC-1, mended in 12.4.0",
            ],
        ),
    ],
)
def test_what_was_found_and_what_was_not_asked_is_said(packages, status, lines, monkeypatch, capsys):
    answered(monkeypatch, json.dumps({"dependencies": packages, "fixes": []}), "")
    assert audit_dependencies.main() == status
    assert capsys.readouterr().out.splitlines() == lines


def test_without_a_network_it_says_so_and_fails_nothing(monkeypatch, capsys):
    answered(monkeypatch, "", "Traceback\n  ...\nConnectionError: no route\n")
    assert audit_dependencies.main() == 0
    assert capsys.readouterr().out == "NOT AUDITED: ConnectionError: no route\n"


def test_asked_for_help_it_asks_nobody(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["audit_dependencies.py", "--help"])
    monkeypatch.setattr(audit_dependencies.subprocess, "run", lambda *_, **__: pytest.fail("asked"))
    with pytest.raises(SystemExit):
        audit_dependencies.main()
    assert "known vulnerabilities" in capsys.readouterr().out


def answered(monkeypatch: pytest.MonkeyPatch, said: str, failed: str) -> None:
    """In place of pip-audit."""
    done = subprocess.CompletedProcess([], 1, said, failed)
    monkeypatch.setattr(sys, "argv", ["audit_dependencies.py"])
    monkeypatch.setattr(audit_dependencies.subprocess, "run", lambda *_, **__: done)
