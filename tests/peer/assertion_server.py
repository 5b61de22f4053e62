"""Authlib with Flask: the JWT bearer grant (RFC 7523 §2.1). Ours are a service account with the key file that a person
would download, and what the library leaves to its user: who the accounts are, and where tokens would be kept."""

import json
import os

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc7523 import JWTBearerGrant
from flask import Flask
from joserfc.jwk import RSAKey

from serving import serve, tell

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
ACCOUNT = "robot@notes.example"
SCOPES = ["notes:read", "notes:write"]


class Account(ClientMixin):
    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)

    def get_client_id(self):
        return ACCOUNT

    def get_allowed_scope(self, scope):
        return " ".join(one for one in (scope or "").split() if one in SCOPES)

    def check_grant_type(self, grant_type):
        return grant_type == JWTBearerGrant.GRANT_TYPE

    def check_client_secret(self, client_secret):
        return False

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"


def build(issuer):
    app = Flask("assertion_server")
    app.config["OAUTH2_SCOPES_SUPPORTED"] = SCOPES
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {JWTBearerGrant.GRANT_TYPE: 600}
    account = Account()

    def query_client(client_id):
        return account if client_id == ACCOUNT else None

    def save_token(token, request):
        tell(event="access_token.issued", value=token["access_token"], subject=request.user)

    class Grant(JWTBearerGrant):
        def resolve_issuer_client(self, issuer):
            return query_client(issuer)

        def resolve_client_public_key(self, client):
            return client.key

        def get_audiences(self):
            return [f"{issuer}/token"]

        def authenticate_user(self, subject):
            return subject if subject in ("ada", "bob") else None

        def has_granted_permission(self, client, user):
            return user == "ada"

    server = AuthorizationServer()
    server.init_app(app, query_client, save_token)
    server.register_grant(Grant)

    @app.post("/token")
    def token():
        response = server.create_token_response()
        if response.status_code >= 400:
            told = json.loads(response.get_data())
            tell(event="token", error=told["error"], description=told.get("error_description", ""))
        return response

    @app.get("/.well-known/oauth-authorization-server")
    def metadata():
        return {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "grant_types_supported": [JWTBearerGrant.GRANT_TYPE],
            "scopes_supported": SCOPES,
            "response_types_supported": [],
        }

    key_file = {
        "type": "service_account",
        "private_key_id": "key-1",
        "private_key": account.key.as_pem(private=True).decode(),
        "client_email": ACCOUNT,
        "token_uri": f"{issuer}/token",
    }
    return app, {"clients": [{"id": ACCOUNT}], "key_file": json.dumps(key_file)}


serve(build)
