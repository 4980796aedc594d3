"""The suites test the sample services' own code, which is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

SERVICES = Path(__file__).parent.parent / "fixtures" / "services"

sys.path[:0] = [str(folder) for folder in sorted(SERVICES.iterdir()) if folder.is_dir()]
