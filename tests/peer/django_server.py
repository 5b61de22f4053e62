"""Django OAuth Toolkit: a whole server, with its pages and its database (in memory). Ours are only the settings, a
person, and the clients."""

import secrets
import warnings

warnings.simplefilter("ignore")

import django
from django.conf import settings
from django.core.management import call_command
from jwcrypto import jwk

from serving import serve, tell

PERSON = {"username": "ada", "email": "ada@example.org", "password": "any"}


def build(issuer):
    settings.configure(
        SECRET_KEY=secrets.token_hex(),
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        # Hashes that cost no time.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGIN_URL="/admin/login/",
        STATIC_URL="/static/",
        ROOT_URLCONF="django_urls",
        USE_TZ=True,
        LOGGING_CONFIG=None,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": jwk.JWK.generate(kty="RSA", size=2048).export_to_pem(True, None).decode(),
            "SCOPES": {"openid": "Sign in", "notes:read": "Read notes", "notes:write": "Write notes"},
            "DEFAULT_SCOPES": ["notes:read"],
            "OAUTH_DEVICE_VERIFICATION_URI": f"{issuer}/device/",
            "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: f"{issuer}/device/?user_code={code}",
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
        },
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.signals import got_request_exception

    User.objects.create_superuser(**PERSON)
    got_request_exception.connect(failed)
    clients = [
        client("confidential", "device", "confidential"),
        client("public", "device", "public"),
        client("public-code", "code", "public"),
    ]
    return WSGIHandler(), {"clients": clients}


def client(name, grant, kind):
    from oauth2_provider.models import Application

    grants = {"device": Application.GRANT_DEVICE_CODE, "code": Application.GRANT_AUTHORIZATION_CODE}
    secret = secrets.token_urlsafe(24) if kind == "confidential" else None
    Application.objects.create(
        name=name,
        client_id=name,
        client_secret=secret or "",
        client_type=kind,
        authorization_grant_type=grants[grant],
        redirect_uris="http://127.0.0.1/callback",
        algorithm=Application.RS256_ALGORITHM,
    )
    return {"id": name, "secret": secret}


def failed(sender, request, **_):
    import sys

    tell(event="server_error", error="server_error", description=f"{request.path}: {sys.exc_info()[1]!r}")


serve(build)
