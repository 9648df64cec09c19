"""The release's number, for pyproject.toml as well: an image has no package to ask for it."""

VERSION = "0.1.0"
