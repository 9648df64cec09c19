"""Lambda: let a request to the HTTP API in by its key, or refuse it."""

from idexx_sync.authorizer import authorizer

handler = authorizer()
