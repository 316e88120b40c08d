"""`python -m ebank_sentinel`."""

from ebank_sentinel.cli import main

if __name__ == "__main__":
    main()
