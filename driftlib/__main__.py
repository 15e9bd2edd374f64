"""Run the command line as `python -m driftlib`."""

import sys

from driftlib.cli import main

sys.exit(main())
