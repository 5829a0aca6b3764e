"""`python -m collab`, the same as the command `collab`."""

import sys

from collab.cli import main

if __name__ == "__main__":
    sys.exit(main())
