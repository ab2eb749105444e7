"""How fast, how large and how good the films are, beside what others do: `make bench`."""
