// Some templates for widely used providers, as the host returns them.

import type { ProviderView, Source } from "../bindings";

type Line = [key: string, value: string, source: Source, page?: string];
const redirect_uri = "dev.grapnel.desktop:/oauth/callback";
const values = (...lines: Line[]) =>
  lines.map(([key, value, source, page]) => ({ key, value, source, ...(page ? { page } : {}) }));

/** A template without endpoints of its own, whose issuer is a tenant's. */
const tenant = (id: string, name: string, example: string): ProviderView => ({
  id,
  name,
  portal: "",
  redirect_uri,
  register: `Create an application at ${name}, and add the redirect URI to it.`,
  scopes: [
    { name: "openid", description: "Issue an ID token", selected: true },
    { name: "offline_access", description: "Issue a refresh token", selected: true },
  ],
  values: values(
    ["api_base", "", "assumed"],
    ["authorize_url", "", "assumed"],
    ["client_auth", "basic", "assumed"],
    ["client_id", "required", "documented"],
    ["client_secret", "optional", "assumed"],
    ["issuer", "", "assumed"],
    ["issuer_example", example, "documented"],
    ["jwks_url", "", "assumed"],
    ["pkce", "always", "documented"],
    ["refresh", "rotates", "assumed"],
    ["send_scope", "true", "documented"],
    ["token_url", "", "assumed"],
    ["userinfo_url", "", "assumed"],
  ),
  template: true,
});

/** A template with its endpoints. */
const known = (id: string, name: string, host: string, ...more: Line[]): ProviderView => ({
  id,
  name,
  portal: `https://${host}/apps`,
  redirect_uri,
  register: `Create an app at ${name} with the redirect URI. Client ID and client secret are on its page.`,
  scopes: [],
  values: values(
    ["api_base", `https://api.${host}`, "documented"],
    ["authorize_url", `https://${host}/oauth/authorize`, "documented"],
    ["client_auth", "body", "documented"],
    ["client_id", "required", "documented"],
    ["client_secret", "required", "documented"],
    ["pkce", "always", "documented"],
    ["refresh", "rotates", "documented"],
    ["send_scope", "true", "documented"],
    ["token_url", `https://${host}/oauth/token`, "documented"],
    ...more,
  ),
  template: true,
});

export const templates: ProviderView[] = [
  known("atlassian", "Atlassian", "auth.atlassian.com", ["authorize.audience", "api.atlassian.com", "documented"]),
  tenant("auth0", "Auth0", "https://YOUR-TENANT.us.auth0.com/"),
  known("discord", "Discord", "discord.com"),
  {
    ...known("github", "GitHub", "github.com", [
      "redirect_method",
      "loopback",
      "documented",
      "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    ]),
    scopes: [
      { name: "read:user", description: "Read your profile", selected: true },
      { name: "user:email", description: "Read your email addresses" },
      { name: "repo", description: "Full access to public and private repositories" },
    ],
  },
  known("gitlab", "GitLab", "gitlab.com", ["issuer", "https://gitlab.com", "documented"]),
  known("google", "Google", "accounts.google.com", ["authorize.prompt", "consent", "documented"]),
  tenant("keycloak", "Keycloak", "https://KEYCLOAK-HOST/realms/REALM"),
  known("entra", "Microsoft Entra", "login.microsoftonline.com"),
  known("notion", "Notion", "api.notion.com"),
  tenant("okta", "Okta", "https://YOUR-DOMAIN.okta.com/oauth2/default"),
  known("slack", "Slack", "slack.com", ["redirect_method", "paste", "documented"]),
  known("spotify", "Spotify", "accounts.spotify.com"),
];
