"""`python -m adcompiler`: the command line."""

import sys

from adcompiler.tools.cli import main

if __name__ == "__main__":
    sys.exit(main())
