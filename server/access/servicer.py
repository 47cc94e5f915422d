"""switchyard.admin.v1.AccessService: messages in, messages out."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from switchyard.admin.v1 import access_service_pb2 as pb
from switchyard.admin.v1 import access_service_pb2_grpc

from interceptors.call import Call, Caller
from interceptors.identity import HEADER, bearer
from server.access import wire
from server.access.errors import FirstKeyNotAdmin, KeyNeeded, KeyNotFound
from server.access.grants import (
    MANAGE_ALL,
    READ_ALL,
    check_held,
    check_key_permissions,
    check_tier,
    check_token_roles,
    reached_tenant,
)
from server.access.key import KEYS, ApiKey, RandomBytes, key_id_in, new_secret
from server.access.key_store import KeyOrder, KeyStore
from server.access.roles import Role, permissions_of, usual_tier
from server.access.tenant_store import TenantStore
from server.access.tokens import LiveKey, Tokens
from server.audit.store import AuditLog
from server.caller import DEFAULT_TENANT, LOOPBACK
from server.paging import make_page_token, read_page_token

DEFAULT_PAGE_SIZE = 50
DEFAULT_OVERLAP = timedelta(hours=24)
DEFAULT_TOKEN_TTL = timedelta(minutes=15)


class AccessServicer(access_service_pb2_grpc.AccessServiceServicer):
    """The wire side of access. Requests have been validated before they come here.

    `forget` hears what was changed before the answer leaves: the other processes hear of it a
    little later, but who is answered by this one may rely on it.
    """

    def __init__(
        self,
        keys: KeyStore,
        tenants: TenantStore,
        audit: AuditLog,
        tokens: Tokens,
        live_key: LiveKey,
        forget: Callable[[str], None],
        caller_of: Callable[[Any], Caller],
        page_key: bytes,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._keys = keys
        self._tenants = tenants
        self._audit = audit
        self._tokens = tokens
        self._live_key = live_key
        self._forget = forget
        self._caller_of = caller_of
        self._page_key = page_key
        self._random_bytes = random_bytes

    async def CreateApiKey(
        self, request: pb.CreateApiKeyRequest, context: Call
    ) -> pb.CreateApiKeyResponse:
        """A new key and its secret."""
        caller = self._caller_of(context)
        tenant = reached_tenant(caller, request.tenant, MANAGE_ALL)
        roles = wire.read_roles(request.roles)
        if caller == LOOPBACK and not (tenant == DEFAULT_TENANT and Role.ADMIN in roles):
            raise FirstKeyNotAdmin
        order = KeyOrder(
            tenant=tenant,
            title=wire.read_title(request.title),
            roles=roles,
            other_permissions=tuple(dict.fromkeys(request.permissions)),
            tier=request.tier or usual_tier(tenant, roles),
            lifetime=wire.read_duration(request, "ttl"),
        )
        check_key_permissions(order.tenant, order.other_permissions)
        check_held(caller, permissions_of(order.tenant, order.roles, order.other_permissions))
        check_tier(caller, order.tier)
        secret = new_secret(self._random_bytes)
        key = await self._keys.add(order, secret, caller.subject)
        self._forget(key.name)
        return pb.CreateApiKeyResponse(api_key=wire.write_key(key), secret=secret.text)

    async def ListApiKeys(
        self, request: pb.ListApiKeysRequest, context: Call
    ) -> pb.ListApiKeysResponse:
        """A page of keys, the newest first."""
        tenant = reached_tenant(self._caller_of(context), request.tenant, READ_ALL)
        scope = f"api_keys\0{tenant}"
        before = self._read_number(request.page_token, scope)
        size = request.page_size or DEFAULT_PAGE_SIZE
        keys = await self._keys.page(tenant, before, size + 1)
        token = self._token_after(keys[size - 1].number, scope) if len(keys) > size else ""
        return pb.ListApiKeysResponse(
            api_keys=[wire.write_key(key) for key in keys[:size]], next_page_token=token
        )

    async def RotateApiKey(
        self, request: pb.RotateApiKeyRequest, context: Call
    ) -> pb.RotateApiKeyResponse:
        """A key that replaces another, and its secret."""
        caller = self._caller_of(context)
        old = await self._reached_key(caller, request.name)
        check_held(caller, old.permissions)
        overlap = wire.read_duration(request, "overlap")
        secret = new_secret(self._random_bytes)
        key = await self._keys.replace(
            old, secret, DEFAULT_OVERLAP if overlap is None else overlap, caller.subject
        )
        self._forget(old.name)
        return pb.RotateApiKeyResponse(api_key=wire.write_key(key), secret=secret.text)

    async def RevokeApiKey(
        self, request: pb.RevokeApiKeyRequest, context: Call
    ) -> pb.RevokeApiKeyResponse:
        """The key, revoked."""
        caller = self._caller_of(context)
        key = await self._reached_key(caller, request.name)
        revoked = await self._keys.revoke(key.key_id, caller.subject)
        self._forget(key.name)
        return pb.RevokeApiKeyResponse(api_key=wire.write_key(revoked))

    async def IssueToken(
        self, request: pb.IssueTokenRequest, context: Call
    ) -> pb.IssueTokenResponse:
        """A token for the key of this call."""
        key = await self._live_key(self._own_key_id(context))
        roles = wire.read_roles(request.roles)
        check_token_roles(key, roles)
        ttl = wire.read_duration(request, "ttl") or DEFAULT_TOKEN_TTL
        token = await self._tokens.issue(key, roles, ttl.total_seconds())
        response = pb.IssueTokenResponse(token=token.text)
        response.expire_time.FromSeconds(token.expires_s)
        return response

    async def CreateTenant(
        self, request: pb.CreateTenantRequest, context: Call
    ) -> pb.CreateTenantResponse:
        """A new tenant."""
        title, actor = wire.read_title(request.title), self._caller_of(context).subject
        tenant = await self._tenants.add(request.tenant_id, title, actor)
        return pb.CreateTenantResponse(tenant=wire.write_tenant(tenant))

    async def ListTenants(
        self, request: pb.ListTenantsRequest, _context: Call
    ) -> pb.ListTenantsResponse:
        """A page of tenants by id."""
        after = read_page_token(request.page_token, "tenants", self._page_key).decode()
        size = request.page_size or DEFAULT_PAGE_SIZE
        tenants = await self._tenants.page(after, size + 1)
        token = ""
        if len(tenants) > size:
            token = make_page_token(tenants[size - 1].tenant.encode(), "tenants", self._page_key)
        return pb.ListTenantsResponse(
            tenants=[wire.write_tenant(tenant) for tenant in tenants[:size]],
            next_page_token=token,
        )

    async def SuspendTenant(
        self, request: pb.SuspendTenantRequest, context: Call
    ) -> pb.SuspendTenantResponse:
        """The tenant, suspended."""
        tenant, actor = wire.tenant_id_of(request.name), self._caller_of(context).subject
        changed = await self._tenants.set_suspended(tenant, actor, suspended=True)
        self._forget(changed.name)
        return pb.SuspendTenantResponse(tenant=wire.write_tenant(changed))

    async def ResumeTenant(
        self, request: pb.ResumeTenantRequest, context: Call
    ) -> pb.ResumeTenantResponse:
        """The tenant, no longer suspended."""
        tenant, actor = wire.tenant_id_of(request.name), self._caller_of(context).subject
        changed = await self._tenants.set_suspended(tenant, actor, suspended=False)
        self._forget(changed.name)
        return pb.ResumeTenantResponse(tenant=wire.write_tenant(changed))

    async def DeleteTenant(
        self, request: pb.DeleteTenantRequest, context: Call
    ) -> pb.DeleteTenantResponse:
        """What was deleted."""
        tenant, actor = wire.tenant_id_of(request.name), self._caller_of(context).subject
        deleted = await self._tenants.delete(tenant, actor)
        self._forget(request.name)
        return pb.DeleteTenantResponse(
            api_keys=deleted.api_keys,
            triage_runs=deleted.triage_runs,
            taxonomy_revisions=deleted.taxonomy_revisions,
        )

    async def ListAuditEvents(
        self, request: pb.ListAuditEventsRequest, context: Call
    ) -> pb.ListAuditEventsResponse:
        """A page of events, the newest first."""
        tenant = reached_tenant(self._caller_of(context), request.tenant, READ_ALL)
        scope = f"audit_events\0{tenant}\0{request.action}"
        before = self._read_number(request.page_token, scope)
        size = request.page_size or DEFAULT_PAGE_SIZE
        events = await self._audit.page(tenant, request.action, before, size + 1)
        token = self._token_after(events[size - 1].number, scope) if len(events) > size else ""
        return pb.ListAuditEventsResponse(
            audit_events=[wire.write_event(event) for event in events[:size]],
            next_page_token=token,
        )

    async def _reached_key(self, caller: Caller, name: str) -> ApiKey:
        """The key of a name. Raises KeyNotFound, also for one that the caller may not know of."""
        found = await self._keys.find(wire.key_id_of(name))
        if found is None or (found.key.tenant != caller.tenant and not caller.may(MANAGE_ALL)):
            raise KeyNotFound(name)
        return found.key

    def _own_key_id(self, context: Call) -> str:
        """The id of the key that a call was made with. Raises KeyNeeded."""
        header = context.metadata.get(HEADER)
        key_id = key_id_in(bearer([str(header)])) if header else ""
        if self._caller_of(context).subject != KEYS + key_id:
            raise KeyNeeded
        return key_id

    def _read_number(self, token: str, scope: str) -> int | None:
        cursor = read_page_token(token, scope, self._page_key)
        return int.from_bytes(cursor) if cursor else None

    def _token_after(self, number: int, scope: str) -> str:
        return make_page_token(number.to_bytes(8), scope, self._page_key)
