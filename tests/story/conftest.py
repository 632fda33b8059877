"""The story's site: one ward, one web server, one worker; pulled once, twins made, and then told step by step."""

from collections.abc import Iterator

import pytest

from tests.story.site import Site


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("story")) as site:
        ward = site.start_ward(hours=60)
        site.start_worker()
        site.start_web()
        site.manage("pull", ward, "--source", "ward")
        site.wait_for_jobs()
        yield site
