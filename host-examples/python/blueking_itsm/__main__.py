"""The command line: see `blueking_itsm.command`."""

import sys

from .command import main

sys.exit(main())
