"""Which files a project has, and the way from an import to the file that it means."""
