"""Hold the locked packages against an advisory service, where one answers.

    python -m tools.audit

Exits with 1 when a locked version has a known vulnerability; says so and exits
with 0 when no service answers, because then there is nothing to compare with.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 120


def main() -> int:
    """Audit the lock file of everything; the exit status."""
    lock = ROOT / "requirements-dev.lock"
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--format=json"]
    command += ["--disable-pip", "--require-hashes", "--timeout=10", f"--requirement={lock}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        print("audit: no advisory service answers; nothing was compared")
        return 0
    audited = [package for package in packages if "vulns" in package]
    faults = [package for package in audited if package["vulns"]]
    print(f"audit: {len(audited)} of {len(packages)} packages compared, {len(faults)} at fault")
    for package in faults:
        names = ", ".join(advisory["id"] for advisory in package["vulns"])
        print(f"  {package['name']} {package['version']}: {names}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
