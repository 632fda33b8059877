"""The private key that a client of Backend Services proves itself with."""

import json
from dataclasses import dataclass

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from integrations.ehr.access import AccessError

_SHORTEST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A private key with the algorithm it signs by, ES384 or RS384, and the `kid` its public half is known under."""

    key: ECKey | RSAKey
    algorithm: str
    key_id: str


def read_key(text: str, key_id: str = "") -> ClientKey:
    """The key in `text`: PEM, a JWK, or a JWKS of which the private key called `key_id` is meant (else the first).

    Raises
    ------
    AccessError
        If there is no private key in it that can sign ES384 (elliptic curve P-384) or RS384 (RSA), or no key id.
    """
    try:
        key, named = (_from_jwk(text, key_id), "") if text.lstrip().startswith("{") else (_from_pem(text), key_id)
    except AccessError:
        raise
    except (JoseError, ValueError, TypeError) as error:
        raise AccessError(f"the client key cannot be read ({type(error).__name__}); give PEM or JWK") from error
    if not isinstance(key, ECKey | RSAKey) or not key.is_private:
        raise AccessError("the client key is not a private key of an elliptic curve or RSA; give the private one")
    if isinstance(key, ECKey) and key.curve_name != "P-384":
        raise AccessError(f"the client key is of curve {key.curve_name}; SMART asks for ES384, which is P-384")
    if isinstance(key, RSAKey) and key.private_key is not None and key.private_key.key_size < _SHORTEST_RSA_BITS:
        raise AccessError(f"the client key has {key.private_key.key_size} bits; give an RSA key of at least 2048")
    identifier = named or key_id or str(key.get("kid") or "")
    if not identifier:
        raise AccessError("the client key has no key id; name the kid under which its public half was registered")
    return ClientKey(key, "ES384" if isinstance(key, ECKey) else "RS384", identifier)


def _from_pem(text: str) -> object:
    return (ECKey if "EC PRIVATE" in text else _either(text)).import_key(text)


def _either(text: str) -> type[ECKey] | type[RSAKey]:
    """PKCS #8 does not say in words which kind it holds."""
    try:
        RSAKey.import_key(text)
    except (JoseError, ValueError, TypeError):
        return ECKey
    return RSAKey


def _from_jwk(text: str, key_id: str) -> object:
    data = json.loads(text)
    candidates = data["keys"] if isinstance(data.get("keys"), list) else [data]
    for candidate in candidates:
        if isinstance(candidate, dict) and "d" in candidate and key_id in ("", candidate.get("kid", key_id)):
            return import_key(candidate)
    raise AccessError(f"the key set holds no private key{f' called {key_id}' if key_id else ''}; give the right one")
