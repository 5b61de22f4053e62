// The built-in providers, as the host returns them.

import type { ProviderView, SandboxApp, Source } from "../bindings";
import { templates } from "./templates";

type Line = [key: string, value: string, source: Source];
const redirect_uri = "dev.grapnel.desktop:/oauth/callback";
const values = (...lines: Line[]) => lines.map(([key, value, source]) => ({ key, value, source }));

export const providers: ProviderView[] = [
  {
    id: "grigora",
    name: "Grigora",
    portal: "https://build.grigora.co",
    redirect_uri,
    register:
      "Sign in to the developer portal with your Grigora account and create an app. " +
      "Tick its scopes, and enter Grapnel’s redirect URI. Client ID and client secret are on the app’s page.",
    scopes: [],
    values: values(
      ["api_base", "https://api.grigora.co/general/api/v1", "documented"],
      ["authorize_url", "https://build.grigora.co/oauth/authorize", "documented"],
      ["client_auth", "body", "documented"],
      ["client_id", "required", "documented"],
      ["client_secret", "required", "documented"],
      ["content", "grigora", "documented"],
      ["pkce", "always", "documented"],
      ["projects_param", "project_ids", "documented"],
      ["refresh", "rotates", "documented"],
      ["refresh_token_prefix", "gri_rt_", "documented"],
      ["require_state", "true", "documented"],
      ["send_scope", "false", "documented"],
      ["token_body", "json", "documented"],
      ["token_prefix", "gri_at_", "documented"],
      ["token_url", "https://api.grigora.co/general/oauth/token", "documented"],
    ),
  },
  {
    id: "grindery",
    name: "Grindery",
    portal: "https://flow.grindery.org",
    redirect_uri,
    register: "No registration is needed: Grindery has no apps. You sign in with your wallet, such as MetaMask.",
    scopes: [],
    values: values(
      ["api_base", "https://orchestrator.grindery.org", "code"],
      ["authorize_url", "https://orchestrator.grindery.org/oauth/authorize", "code"],
      ["client_auth", "none", "documented"],
      ["client_id", "none", "documented"],
      ["client_secret", "none", "documented"],
      ["content", "grindery", "code"],
      ["jwks_url", "", "assumed"],
      ["pkce", "never", "documented"],
      ["refresh", "keeps", "documented"],
      ["require_state", "true", "code"],
      ["send_scope", "false", "documented"],
      ["token_body", "form", "code"],
      ["token_redirect_uri", "false", "documented"],
      ["token_url", "https://orchestrator.grindery.org/oauth/token", "documented"],
    ),
  },
  {
    id: "thegrid",
    name: "The Grid",
    portal: "https://passport.thegrid.io/account",
    redirect_uri,
    register:
      "Log in to your account, and add an OAuth2 client application in the developer section of your profile, " +
      "with Grapnel’s redirect URI as its callback URL. Its application id is the client ID here.",
    scopes: [
      { name: "content_management", description: "Manage your content items on The Grid" },
      { name: "website_management", description: "Manage your sites and publish to them" },
      { name: "share", description: "Share new content to The Grid. Content management includes it" },
      { name: "update_profile", description: "Update your profile information" },
      { name: "github", description: "Get your GitHub access token, and use the GitHub API for you" },
      { name: "github_private", description: "Get your GitHub access token for private repositories as well" },
      { name: "payment", description: "Make payments for you" },
      { name: "balance", description: "See your balance and transaction history" },
      { name: "cta_management", description: "Manage your Calls to Action" },
    ],
    values: values(
      ["api_base", "https://api.thegrid.io", "code"],
      ["authorize_url", "https://passport.thegrid.io/login/authorize", "documented"],
      ["client_auth", "body", "documented"],
      ["client_id", "required", "documented"],
      ["client_secret", "required", "documented"],
      ["content", "thegrid", "code"],
      ["identity_provider", "", "documented"],
      ["pkce", "never", "assumed"],
      ["refresh", "keeps", "code"],
      ["refresh_body", "json", "code"],
      ["refresh_method", "put", "code"],
      ["refresh_params", "client_id refresh_token", "code"],
      ["refresh_url", "https://passport.thegrid.io/api/auth/token", "code"],
      ["require_state", "true", "assumed"],
      ["scope_separator", "comma", "documented"],
      ["send_scope", "true", "documented"],
      ["state_may_be_waived", "true", "assumed"],
      ["token_body", "form", "documented"],
      ["token_redirect_uri", "true", "code"],
      ["token_url", "https://passport.thegrid.io/login/authorize/token", "documented"],
    ),
  },
  {
    id: "grovestreams",
    name: "GroveStreams",
    portal: "https://grovestreams.com",
    redirect_uri,
    register:
      "No registration is needed: choose any client ID, and a secret if you like. " +
      "You sign in with your GroveStreams account.",
    scopes: [],
    values: values(
      ["api_base", "https://grovestreams.com/api", "documented"],
      ["authorize_params", "fragment", "assumed"],
      ["authorize_url", "https://grovestreams.com/Modern/#signinoauth/", "documented"],
      ["callback_code", "oauthCode", "documented"],
      ["callback_state", "oauthState", "documented"],
      ["client_auth", "body", "documented"],
      ["client_id", "required", "documented"],
      ["client_secret", "optional", "documented"],
      ["content", "grovestreams", "documented"],
      ["email", "", "documented"],
      ["envelope", "true", "documented"],
      ["login_hint", "email", "documented"],
      ["login_url", "https://grovestreams.com/api/oauth_login", "documented"],
      ["org", "", "documented"],
      ["pkce", "never", "assumed"],
      ["refresh", "rotates", "assumed"],
      ["require_state", "true", "documented"],
      ["send_scope", "false", "documented"],
      ["token_body", "form", "assumed"],
      ["token_state", "true", "documented"],
      ["token_url", "https://grovestreams.com/api/oauth_access_token", "documented"],
      ["user_uid", "", "documented"],
    ),
  },
  {
    id: "custom",
    name: "Another provider",
    portal: "",
    redirect_uri,
    register: "Register a native app at your provider, with Grapnel’s redirect URI.",
    scopes: [],
    values: values(
      ["api_base", "", "assumed"],
      ["authorize_url", "", "assumed"],
      ["client_auth", "basic", "assumed"],
      ["client_id", "required", "assumed"],
      ["client_secret", "optional", "assumed"],
      ["content", "none", "assumed"],
      ["device_authorization_url", "", "assumed"],
      ["grant_type", "authorization_code", "assumed"],
      ["introspection_url", "", "assumed"],
      ["issuer", "", "assumed"],
      ["jwks_url", "", "assumed"],
      ["login_hint", "true", "assumed"],
      ["pkce", "always", "assumed"],
      ["refresh", "rotates", "assumed"],
      ["require_iss", "false", "assumed"],
      ["require_state", "true", "assumed"],
      ["revocation_url", "", "assumed"],
      ["scope_separator", "space", "assumed"],
      ["send_scope", "true", "assumed"],
      ["token_body", "form", "assumed"],
      ["token_url", "", "assumed"],
      ["userinfo_url", "", "assumed"],
    ),
  },
];

providers.push(...templates);

export const provider = (id: string): ProviderView => {
  const found = providers.find((one) => one.id === id);
  if (!found) throw new Error(`no provider ${id}`);
  return found;
};

/** The apps of the sandbox. */
export const offered: SandboxApp[] = [
  {
    name: "Grigora sandbox",
    provider: "grigora",
    client_id: "sandbox-grigora",
    client_secret: "sandbox-client-secret",
    scopes: [],
    overrides: {
      authorize_url: "http://127.0.0.1:4455/oauth/authorize",
      token_url: "http://127.0.0.1:4455/general/oauth/token",
      api_base: "http://127.0.0.1:4455/general/api/v1",
    },
  },
  {
    name: "Grindery sandbox",
    provider: "grindery",
    client_id: "",
    client_secret: "",
    scopes: [],
    overrides: {
      authorize_url: "http://127.0.0.1:4456/oauth/authorize",
      token_url: "http://127.0.0.1:4456/oauth/token",
    },
  },
  {
    name: "The Grid sandbox",
    provider: "thegrid",
    client_id: "sandbox-thegrid",
    client_secret: "sandbox-client-secret",
    scopes: [],
    overrides: {
      authorize_url: "http://127.0.0.1:4457/login/authorize",
      token_url: "http://127.0.0.1:4457/login/authorize/token",
    },
  },
  {
    name: "GroveStreams sandbox",
    provider: "grovestreams",
    client_id: "grapnel",
    client_secret: "",
    scopes: [],
    overrides: {
      authorize_url: "http://127.0.0.1:4458/Modern/#signinoauth/",
      token_url: "http://127.0.0.1:4458/api/oauth_access_token",
      login_url: "http://127.0.0.1:4458/api/oauth_login",
    },
  },
  {
    name: "OpenID Connect sandbox",
    provider: "custom",
    client_id: "sandbox-custom",
    client_secret: "sandbox-client-secret",
    scopes: ["openid", "profile"],
    overrides: {
      issuer: "http://127.0.0.1:4459",
      authorize_url: "http://127.0.0.1:4459/authorize",
      token_url: "http://127.0.0.1:4459/token",
      jwks_url: "http://127.0.0.1:4459/jwks",
    },
  },
];
