"""The hosts of FWP: who asks. Each module here adapts one host to :mod:`fwp_checks.session`."""
