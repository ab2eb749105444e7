"""`python -m daemon` is the same as `storyreel`."""

from daemon.cli import main

if __name__ == "__main__":
    main()
