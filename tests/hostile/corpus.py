"""All items, by group."""

from collections.abc import Mapping, Sequence

from tests.hostile import links, manifests, names, pictures, playlists, sounds, swaps, texts
from tests.hostile.item import Item

GROUPS: Mapping[str, Sequence[Item]] = {
    "manifests": manifests.ITEMS,
    "names": names.ITEMS,
    "links and devices": links.ITEMS,
    "swaps after the check": swaps.ITEMS,
    "playlists and addresses": playlists.ITEMS,
    "pictures": pictures.ITEMS,
    "sounds": sounds.ITEMS,
    "sounds of days": sounds.LONG,
    "texts": texts.ITEMS,
}
