"""Make the archive that deploy/krew/casebook.yaml names, and print its checksum: `python deploy/krew/pack.py FILE`.

The same sources give the same bytes on every machine: nothing is compressed, and no time is stored.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

_HERE = Path(__file__).parent
_FILES = ((_HERE / "kubectl-casebook", 0o755), (_HERE.parents[1] / "LICENSE", 0o644))


def archive() -> bytes:
    """Return the archive: the plugin and the licence."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as packed:
        for path, mode in _FILES:
            entry = zipfile.ZipInfo(path.name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix: only then the mode counts
            entry.external_attr = (0o100000 | mode) << 16
            packed.writestr(entry, path.read_bytes())
    return written.getvalue()


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(archive())
    sys.stdout.write(f"{hashlib.sha256(archive()).hexdigest()}  {sys.argv[1]}\n")
