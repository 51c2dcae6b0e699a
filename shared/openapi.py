"""The OpenAPI documents: what both services' endpoints share, said once; problems, sign-in, the shapes of bulk bodies."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.problems import CATALOGUE

PUBLIC = frozenset(
    {
        "/",
        "/oauth/token",
        "/oauth/session",
        "/oauth/openid",
        "/oauth/openid/callback",
        "/.well-known/jwks.json",
        "/livez",
        "/readyz",
        "/metrics",
        "/verify/{code}",
    }
)
_FAULT = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the request (RFC 6901)"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `errors` names at most 100 places; `error_count` says how many there are.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "enum": sorted(CATALOGUE)},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        "error_count": {"type": "integer"},
        "possible": {"type": "array", "items": {"type": "string"}, "description": "what can be done instead"},
    },
}
_ANSWERED_BY_A_PROBLEM = {
    "description": "What went wrong, and where",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> None:
    """Let `/openapi.json` of `app` say what all its endpoints have in common."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(Fault=_FAULT, Problem=_PROBLEM)
    components["securitySchemes"] = {
        "client": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}}}
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            schemas.update(operation.pop("x-components", {}))
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _ANSWERED_BY_A_PROBLEM
            if path not in PUBLIC:
                operation["security"] = [{"client": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document
