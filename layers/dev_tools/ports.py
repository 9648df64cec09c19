"""Which port of this machine a server may have."""

import socket

_TRIED = 100


def free_port(wanted: int = 0) -> int:
    """The wanted port of 127.0.0.1, or the next one that nobody has; 0: any."""
    for port in range(wanted, wanted + (_TRIED if wanted else 1)):
        with socket.socket() as probe:
            # As servers do: what ended a moment ago is in nobody's way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError(f"the ports {wanted} to {wanted + _TRIED - 1} of 127.0.0.1 are all in use")
