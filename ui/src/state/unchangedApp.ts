// An app as the form sends it if nothing is to change.

import type { App, NewApp } from "../host";

/** The client secret and the secret values stay as they are. */
export const unchanged = (app: App): NewApp => ({
  name: app.name,
  provider: app.provider,
  client_id: app.client_id,
  client_secret: null,
  redirect: app.redirect_uri,
  scopes: app.scopes,
  projects: app.projects,
  overrides: app.overrides,
  discovered: app.discovered,
  environment: app.environment ?? "",
});
