"""`storyreel schema`: the JSON Schema of manifests, for editors and programs that make stories."""

import json

from daemon.story.manifest import Manifest


def print_schema() -> None:
    """Print the schema."""
    print(json.dumps(Manifest.model_json_schema(), indent=2))
