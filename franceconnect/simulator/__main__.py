"""``python -m franceconnect.simulator``: see ``command_line`` for every option."""

import sys

from franceconnect.simulator.command_line import main

sys.exit(main())
