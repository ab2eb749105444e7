"""Orders: all that a worker is told."""

import pickle
from pathlib import Path

from daemon.attempt import Order
from daemon.config import Settings


def test_an_order_survives_the_way_to_a_worker_with_its_settings(settings: Settings) -> None:
    order = Order("job", "the-fox\udcff", 2, Path("source"), Path("attempt-2"), settings)
    arrived = pickle.loads(pickle.dumps(order))
    assert arrived == order
    assert arrived.settings.folders == settings.folders
