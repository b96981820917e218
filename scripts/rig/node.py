"""The Node.js packages that tests speak with or look through; nothing of them is shipped."""

import fcntl
import subprocess
from pathlib import Path


def install_node_modules(folder: Path) -> Path:
    """`npm ci` once for each lock file, however many test processes ask for it at the same time."""
    with (folder / "package.json").open() as lock:  # the same lock everywhere these packages are installed
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed, wanted = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
        if not installed.is_file() or installed.stat().st_mtime < wanted.stat().st_mtime:
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, check=True, capture_output=True, timeout=300)
            installed.touch()
    return folder
