"""Which authorities vouch for servers that are called."""

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """Those of certifi, whatever the environment says; read once in a process, which takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)
