"""Plain HTTP to this machine: what asks so needs no certificates."""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify` of httpx: reading all certificates would cost each client some 20 ms."""
