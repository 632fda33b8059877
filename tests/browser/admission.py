"""A new admission: the chart of one more patient of the simulated ward, as a hospital's system exports it."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from integrations.ward.log import TYPES, WardLog, base_versions
from integrations.ward.patients import ward_patients
from tests.browser.fill import SEED


def record_number(story: str) -> str:
    """What stands on the wristband of this patient of the ward."""
    return next(one for one in ward_patients(SEED, datetime.now(UTC)) if one.profile.key == story).record_number


def write_chart(folder: Path, story: str, known_h: float) -> str:
    """Files of everything charted within `known_h` hours of this patient of the ward; returns the name on the list."""
    now = datetime.now(UTC).replace(microsecond=0)
    epoch = now - timedelta(hours=known_h)
    found = next(one for one in ward_patients(SEED, epoch) if one.profile.key == story)
    log = WardLog(base_versions((found,), SEED))
    folder.mkdir()
    lines: dict[str, list[str]] = defaultdict(list)
    for kind in TYPES:
        for version in log.current(kind, now):
            lines[kind].append(json.dumps(version.resource()))
    for kind, resources in lines.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(resources) + "\n", encoding="utf-8")
    return f"{found.profile.family}, {found.profile.given}"
