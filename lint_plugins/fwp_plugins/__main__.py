"""``python -m fwp_plugins`` is the ``fwp`` command."""

import sys

from fwp_plugins.cli import main

sys.exit(main())
