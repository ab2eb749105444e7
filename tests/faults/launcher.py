"""The service with a fate: `python -m tests.faults.launcher run …` is `storyreel run …`.

The product knows nothing of it. multiprocessing imports the main module in each worker too, under
the name `__mp_main__`; so workers have a fate as well.
"""

from tests.faults.fate import FateOfService, FateOfWorker, given

if __name__ == "__main__":
    from daemon.cli import main

    FateOfService(given()).begin()
    main()
elif __name__ == "__mp_main__":
    FateOfWorker(given()).begin()
