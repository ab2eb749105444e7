"""Bytes that nobody wrote: what reads a stranger's bytes must refuse them in words, or use them.

`targets.py` says what must hold, for any bytes. `make test` tries it with what hypothesis makes of
the seeds, and `make fuzz` with what atheris makes of them, which sees which lines its bytes reach.
"""
