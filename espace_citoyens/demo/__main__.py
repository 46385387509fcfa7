"""`python -m espace_citoyens.demo`: see `command_line`."""

import sys

from espace_citoyens.demo.command_line import main

sys.exit(main())
