"""Faults of every kind, against the real service as a process. `make test-faults` runs them long.

Each test drops stories, does harm, lets the service end its work, and audits the folders (`audit`).
What it found goes into a ledger (`ledger`), from which `make test-faults` prints one table.
"""
