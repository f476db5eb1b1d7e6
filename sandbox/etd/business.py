"""A business: ETD's word for a customer's tenant. It has API clients, one API key, a share of the limits, and mail."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.etd.ledger import Ledger
from sandbox.etd.limits import Limiter
from sandbox.etd.mail import Mail
from sandbox.etd.refused import token_ended, unauthorized

TOKEN_LIFE = timedelta(minutes=60)


@dataclass
class Business:
    """`clients`: the password of each API client. The API key is separate, and the same for all of them."""

    tenant_id: str
    clients: dict[str, str]
    api_key: str
    limiter: Limiter = field(default_factory=Limiter)
    ledger: Ledger = field(default_factory=Ledger)
    mail: dict[str, Mail] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, tenant_id: str) -> Business:
        """With two clients: the service's, and one of another program that shares the limits."""
        names = (_derived(tenant_id, "client"), _derived(tenant_id, "siem"))
        return cls(tenant_id, {name: _derived(name, "password") for name in names}, _derived(tenant_id, "key"))

    def api(self, url: str, client: int = 0) -> dict[str, str]:
        """The entry for this business in the service's setting ETD_APIS."""
        name = list(self.clients)[client]
        return {"tenantId": self.tenant_id, "endpoint": url, "clientId": name, "clientSecret": self.clients[name],
                "apiKey": self.api_key}  # fmt: skip

    def sign_in(self, authorization: str, now: datetime, expires_in: bool) -> dict[str, Any]:
        """A token for HTTP Basic with a client's id and password."""
        scheme, _, value = authorization.partition(" ")
        try:
            client, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized() from None
        if scheme.lower() != "basic" or not password or self.clients.get(client) != password:
            raise unauthorized()
        token = _token(self.tenant_id, client, now)
        self.tokens[token] = now + TOKEN_LIFE
        return {"accessToken": token} | ({"expiresIn": int(TOKEN_LIFE.total_seconds())} if expires_in else {})

    def check(self, authorization: str, now: datetime) -> str:
        """The bearer token, if it belongs to this business and has not expired."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise unauthorized()
        if now >= self.tokens[token]:
            raise token_ended()
        return token


def _derived(*parts: str) -> str:
    """The same in every run: these are not secrets, and work on loopback only."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]


def _token(tenant_id: str, client: str, now: datetime) -> str:
    """In the form of a JWT, with the claims that ETD's has."""
    issued = int(now.timestamp())
    claims = {"exp": issued + int(TOKEN_LIFE.total_seconds()), "iat": issued, "sub": client, "aud": "etd-api",
              "clientId": client, "tenantId": tenant_id}  # fmt: skip
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, secrets.token_bytes(32)))
