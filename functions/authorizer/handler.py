"""Lambda: let a request to the HTTP API in by its key, or refuse it."""

from idexx_sync.keys.authorizer import authorizer

handler = authorizer()
