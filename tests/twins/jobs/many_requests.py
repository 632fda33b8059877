"""Run in a process of its own, on a database of its own: many threads ask for one update at the same time."""

import json
import sys
import threading

from django.db import connection, transaction

from tests.factories.chart import Chart
from twins.jobs.claim import claim
from twins.jobs.update import request_update
from twins.records.models import Job


def main() -> None:
    """Print, as JSON, the rows that twelve requests made and the claims that eight workers got on them."""
    subject = Chart.of().stable().subject
    asked: list[str] = []
    claimed: list[bool] = []

    def ask() -> None:
        with transaction.atomic():
            asked.append(str(request_update(subject, "vancomycin").pk))
        connection.close()

    def take() -> None:
        claimed.append(claim(asked[0]) is not None)
        connection.close()

    for target, count in ((ask, 12), (take, 8)):
        threads = [threading.Thread(target=target) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    Job.objects.update(state="queued")
    sys.stdout.write(json.dumps({"asked": len(asked), "rows": Job.objects.count(), "claims": sum(claimed)}))
