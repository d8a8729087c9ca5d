"""`python -m adcompiler`: the command line."""

import sys

from adcompiler.tools.cli import main

sys.exit(main())
