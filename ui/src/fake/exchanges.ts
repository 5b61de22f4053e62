// A history with exchanges of Grapnel, of which three failed.

import { ofGrapnel, sentBefore } from "./requests";

export function exchanges(): ReturnType<typeof ofGrapnel>[] {
  const [tokenUrl, api] = ["https://api.grigora.co/v1/oauth/token", "https://api.grigora.co/general/api/v1"];
  const refresh = "grant_type=refresh_token&refresh_token=[secret]&client_id=acme-sites-7f3a&client_secret=[secret]";
  const refused = { error: "invalid_grant", error_description: "The refresh token was revoked.", trace_id: "7f3a1c90" };
  const issued = { access_token: "‹43 characters›", token_type: "Bearer", expires_in: 3600, scope: "project:read" };
  const body = (value: unknown) => ({ answer: JSON.stringify(value) });
  return [
    ofGrapnel("c1", "refresh", 2, {
      ...{ method: "POST", url: tokenUrl, form: refresh, status: 400, text: "Bad Request" },
      ...body(refused),
    }),
    sentBefore("c1", "GET", "project/list", 4),
    ofGrapnel("c1", "refresh", 17, {
      ...{ method: "POST", url: tokenUrl, form: refresh },
      error: "The provider could not be reached: connection refused (127.0.0.1:4780).",
    }),
    ofGrapnel("c1", "refresh", 40, {
      ...{ method: "POST", url: tokenUrl, form: refresh, status: 200, text: "OK" },
      ...body({ hello: "‹5 characters›" }),
      error: "The provider answered without an access token (status 200 OK).",
    }),
    ofGrapnel("c1", "api", 58, {
      ...{ method: "POST", url: `${api}/token/authorized_by`, status: 200, text: "OK" },
      ...body({ id: "42", firstName: "Amélie", lastName: "Renard" }),
    }),
    ofGrapnel("c1", "introspection", 58, {
      ...{ method: "POST", url: `${api}/token/introspect`, status: 200, text: "OK" },
      ...body({ authorization: { id: "101", scope: "project:read" } }),
    }),
    ofGrapnel("c1", "token", 59, {
      ...{ method: "POST", url: tokenUrl, status: 200, text: "OK" },
      form: "grant_type=authorization_code&code=[secret]&client_id=acme-sites-7f3a&code_verifier=[secret]",
      ...body(issued),
    }),
    ofGrapnel("c1", "callback", 59, { url: "dev.grapnel.desktop:/oauth/callback/x7?code=[secret]&state=[secret]" }),
    ofGrapnel("c1", "authorization", 60, {
      url: "https://app.grigora.co/authorize?response_type=code&client_id=acme-sites-7f3a&state=[secret]",
    }),
  ];
}
