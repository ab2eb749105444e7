"""`storyreel schema`: the JSON Schema of manifests."""

import json

from daemon.story.manifest import Manifest
from tests.helpers.processes import storyreel


def test_the_whole_schema_of_manifests_is_printed() -> None:
    assert json.loads(storyreel("schema").stdout) == Manifest.model_json_schema()
