"""idpyoidc: the code grant, whose person is signed in at once, and token exchange (RFC 8693). Ours are only the
settings, the clients, and the way from WSGI to its endpoints."""

import secrets
import tempfile
from urllib.parse import parse_qs

from idpyoidc.server import ASConfiguration, Server
from idpyoidc.server.exception import ClientAuthenticationError, UnAuthorizedClient

from serving import serve, tell

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
HELPERS = "idpyoidc.server.oauth2.token_helper"
SCOPES = ["notes:read", "notes:write", "offline_access"]
REDIRECT_URI = "https://app.example/callback"


def configuration(issuer):
    minting = {"supports_minting": ["access_token", "refresh_token"]}
    key = {"type": "EC", "crv": "P-256", "use": ["sig"]}
    return {
        "issuer": issuer,
        "httpc_params": {"verify": False},
        "key_conf": {"key_defs": [key]},
        "preference": {
            "grant_types_supported": ["authorization_code", "refresh_token", EXCHANGE],
            "response_types_supported": ["code"],
            "scopes_supported": SCOPES,
        },
        "scopes_to_claims": {scope: [] for scope in SCOPES},
        "endpoint": {
            "metadata": {
                "path": ".well-known/oauth-authorization-server",
                "class": "idpyoidc.server.oauth2.server_metadata.ServerMetadata",
                "kwargs": {"client_authn_method": None},
            },
            "authorization": {
                "path": "authorization",
                "class": "idpyoidc.server.oauth2.authorization.Authorization",
                "kwargs": {"client_authn_method": None},
            },
            "token": {
                "path": "token",
                "class": "idpyoidc.server.oauth2.token.Token",
                "kwargs": {
                    "client_authn_method": ["client_secret_basic", "client_secret_post"],
                    "grant_types_helpers": {
                        "authorization_code": {"class": f"{HELPERS}.access_token.AccessTokenHelper"},
                        "refresh_token": {"class": f"{HELPERS}.refresh_token.RefreshTokenHelper"},
                        EXCHANGE: {
                            "class": f"{HELPERS}.token_exchange.TokenExchangeHelper",
                            "kwargs": {
                                "requested_token_types_supported": [ACCESS_TOKEN],
                                "default_requested_token_type": ACCESS_TOKEN,
                                "policy": {
                                    "": {
                                        "function": f"{HELPERS}.validate_token_exchange_policy",
                                        "kwargs": {"audience": ["notes"], "resource": ["https://notes.example/"]},
                                    }
                                },
                            },
                        },
                    },
                },
            },
            "introspection": {
                "path": "introspection",
                "class": "idpyoidc.server.oauth2.introspection.Introspection",
                "kwargs": {"client_authn_method": ["client_secret_basic"]},
            },
            "revocation": {
                "path": "revocation",
                "class": "idpyoidc.server.oauth2.token_revocation.TokenRevocation",
                "kwargs": {"client_authn_method": ["client_secret_basic"]},
            },
        },
        "authentication": {
            "anyone": {
                "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
                "class": "idpyoidc.server.user_authn.user.NoAuthn",
                "kwargs": {"user": "ada"},
            }
        },
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {"ada": {}}}},
        "authz": {
            "class": "idpyoidc.server.authz.AuthzHandling",
            "kwargs": {
                "grant_config": {
                    "usage_rules": {
                        "authorization_code": {**minting, "max_usage": 1, "expires_in": 60},
                        "access_token": {**minting, "expires_in": 600},
                        "refresh_token": {**minting, "expires_in": 86400},
                    },
                    "expires_in": 86400,
                }
            },
        },
        "token_handler_args": {
            "code": {"lifetime": 60},
            "token": {
                "class": "idpyoidc.server.token.jwt_token.JWTToken",
                "kwargs": {"lifetime": 600, "add_claims_by_scope": False, "aud": [issuer]},
            },
            "refresh": {
                "class": "idpyoidc.server.token.jwt_token.JWTToken",
                "kwargs": {"lifetime": 86400, "aud": [issuer]},
            },
        },
        "add_on": {
            "pkce": {
                "function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_method": ["S256"]},
            }
        },
    }


def build(issuer):
    folder = tempfile.mkdtemp()
    server = Server(ASConfiguration(configuration(issuer), base_path=folder), cwd=folder)
    endpoints = {f"/{one.endpoint_path}": one for one in server.endpoint.values()}
    clients = []
    # The second client may not exchange tokens. The third one is the service that exchanged tokens are for.
    for name, grants in ("confidential", [EXCHANGE]), ("plain", []), ("notes", []):
        secret = secrets.token_urlsafe(24)
        server.context.cdb[name] = {
            "client_secret": secret,
            "redirect_uris": [(REDIRECT_URI, None)],
            "token_endpoint_auth_method": "client_secret_basic",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", *grants],
            "allowed_scopes": SCOPES,
        }
        clients.append({"id": name, "secret": secret})

    def application(environ, start_response):
        endpoint = endpoints.get(environ["PATH_INFO"])
        status, headers, body = answer(endpoint, environ) if endpoint else ("404 Not Found", [], b"")
        start_response(status, headers)
        return [body]

    return application, {"clients": clients}


def answer(endpoint, environ):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    pairs = parse_qs(body or environ["QUERY_STRING"])
    several = ("resource", "audience")
    request = {name: values if name in several else values[0] for name, values in pairs.items()}
    headers = {"authorization": environ["HTTP_AUTHORIZATION"]} if "HTTP_AUTHORIZATION" in environ else {}
    http_info = {"headers": headers, "method": environ["REQUEST_METHOD"]}
    try:
        parsed = endpoint.parse_request(request, http_info=http_info)
        reply = endpoint.process_request(parsed, http_info=http_info)
    except (ClientAuthenticationError, UnAuthorizedClient):
        return "401 Unauthorized", [("Content-Type", "application/json")], b'{"error":"invalid_client"}'
    error = reply if "error" in reply else None
    if error is not None:
        tell(event=endpoint.name, error=error["error"], description=error.get("error_description", ""))
    made = endpoint.do_response(request=parsed, **({"error": error["error"], **error} if error else reply))
    text = made["response"] if isinstance(made["response"], str) else made["response"].to_json()
    if made.get("response_placement", endpoint.response_placement) == "url" and error is None:
        return "303 See Other", [("Location", text)], b""
    status = "400 Bad Request" if error else "200 OK"
    return status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")], text.encode()


serve(build)
