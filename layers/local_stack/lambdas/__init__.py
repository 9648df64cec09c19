"""Runs Lambda functions on this machine, each under Lambda's own runtime emulator."""
