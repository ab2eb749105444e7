"""`python -m daemon` is `storyreel`."""

from daemon.cli import main

if __name__ == "__main__":
    main()
