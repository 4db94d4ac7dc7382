"""Ask which of the locked packages have known vulnerabilities. Says so where that cannot be found out, and fails only
where there are some."""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass

from pneumonia.cli.exit_codes import run_command
from scripts import ROOT

LOCKS = sorted(path for path in (ROOT / "locks").glob("*.txt") if path.name != "constraints.txt")
NONE_KNOWN, SOME_KNOWN = 0, 1


@dataclass(frozen=True)
class Audit:
    """The result of an audit of the locked packages.

    Attributes:
        asked: how many packages were looked up.
        unknown: names of those about which nothing could be found out.
        vulnerabilities: a line for each that is known.
    """

    asked: int
    unknown: tuple[str, ...]
    vulnerabilities: tuple[str, ...]


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    locks = (word for lock in LOCKS for word in ("--requirement", str(lock)))
    done = subprocess.run(
        [*command, *locks, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True
    )
    audit = read_audit(done.stdout)
    if audit is None:
        print(f"NOT AUDITED: {_last_line(done.stderr)}")
        return NONE_KNOWN
    print("\n".join(describe(audit)))
    return SOME_KNOWN if audit.vulnerabilities else NONE_KNOWN


def read_audit(output: str) -> Audit | None:
    """Read the JSON of pip-audit; None if it wrote none, as where there is no network."""
    try:
        packages = json.loads(output)["dependencies"]
    except ValueError:
        return None
    unknown = tuple(package["name"] for package in packages if "skip_reason" in package)
    vulnerabilities = tuple(
        f"{package['name']} {package['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'none'}"
        for package in packages
        for known in package.get("vulns", ())
    )
    return Audit(len(packages), unknown, vulnerabilities)


def describe(audit: Audit) -> list[str]:
    """Sentences that tell the result of an audit, one a line."""
    known = audit.asked - len(audit.unknown)
    if not known:
        return [f"NOT AUDITED: the index told nothing about the {audit.asked} locked packages."]
    lines = [
        f"{known} of {audit.asked} locked packages were audited: {len(audit.vulnerabilities)} known vulnerabilities."
    ]
    if audit.unknown:
        lines.append(f"NOT AUDITED, for the index told nothing: {', '.join(audit.unknown)}.")
    return [*lines, *audit.vulnerabilities]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["pip-audit said nothing."])[-1]


if __name__ == "__main__":
    run_command(main)
