import json

from daemon.story.manifest import Manifest
from tests.helpers.processes import storyreel


def test_the_schema_of_manifests_is_printed_whole() -> None:
    assert json.loads(storyreel("schema").stdout) == Manifest.model_json_schema()
