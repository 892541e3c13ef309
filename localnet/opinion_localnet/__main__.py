"""Run with `python -m opinion_localnet`."""

import sys

from opinion_localnet.cli import main

sys.exit(main())
