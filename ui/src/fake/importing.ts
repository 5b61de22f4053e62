// The fake host’s import of apps from files and pasted text.

import type { App, ImportChoice, ImportPreview, ReadImport } from "../bindings";
import type { Answer } from "./answer";
import { adding } from "./adding";
import { trouble, type FakeData } from "./data";

const acme: ImportPreview = {
  name: "Acme API",
  environment: null,
  provider: "custom",
  provider_name: "id.acme.example",
  values: [
    { key: "client_id", value: "acme-web", source: "Acme API: clientId" },
    { key: "client_secret", value: null, source: "Acme API: clientSecret" },
    { key: "scopes", value: "read write", source: "Acme API: scope" },
    { key: "authorize_url", value: "https://id.acme.example/oauth/authorize", source: "Acme API: authUrl" },
    { key: "token_url", value: "https://id.acme.example/oauth/token", source: "Acme API: accessTokenUrl" },
    { key: "authorize.audience", value: "https://api.acme.example", source: "Acme API: authRequestParams" },
  ],
  not_taken: [
    { name: "accessToken", source: "Acme API", reason: "Tokens are not imported. Sign in with Grapnel instead." },
    {
      name: "redirect_uri",
      source: "Acme API: redirect_uri",
      reason:
        "A new app gets a redirect URI of its own, to register at the provider. " +
        "This one was https://oauth.pstmn.io/v1/callback",
    },
  ],
  review: { other_hosts: [{ host: "id.acme.example", endpoints: ["token_url", "authorize_url"] }], warnings: [] },
  missing: [],
};

const reports: ImportPreview = {
  ...acme,
  name: "Acme API 2",
  environment: "Sandbox",
  provider_name: "Another provider",
  values: [{ key: "token_url", value: "https://id.acme.example/oauth/token", source: "List reports: accessTokenUrl" }],
  not_taken: [],
  review: { other_hosts: [{ host: "id.acme.example", endpoints: ["token_url"] }], warnings: [] },
  missing: ["client_id", "authorize_url"],
};

const fromFile: ReadImport = { format: "postman", file: "acme.json", apps: [acme, reports] };

function fromText(text: string): ReadImport {
  if (!text.startsWith("curl "))
    throw {
      ...trouble(
        "invalid_input",
        "The format of this text is not known.",
        "No app was added; nothing was stored.",
        "Supported: curl command, authorization URL, .env file.",
      ),
      field: "file",
    };
  return { format: "curl", file: "", apps: [{ ...acme, name: "id.acme.example", not_taken: [] }] };
}

function imported({ apps }: ReadImport, choice: ImportChoice, id: string): App {
  const chosen = apps[choice.place] ?? acme;
  const value = (key: string) => chosen.values.find((one) => one.key === key)?.value;
  const endpoints = ["authorize_url", "token_url"].map((key) => [key, value(key) ?? choice.endpoints[key] ?? ""]);
  const hasSecret = chosen.values.some(({ key }) => key === "client_secret") || choice.client_secret !== null;
  return adding(
    {
      name: choice.name,
      environment: choice.environment,
      provider: chosen.provider,
      client_id: value("client_id") ?? choice.client_id,
      client_secret: hasSecret ? "kept by the host" : null,
      redirect: choice.redirect,
      overrides: Object.fromEntries(endpoints),
    },
    id,
  );
}

export function importing(answer: Answer, data: () => FakeData) {
  let read = fromFile;
  return {
    importFile: () => answer("importFile", [], () => (data().chosen ? (read = fromFile) : null)),
    importText: (text: string) => answer("importText", [text], () => (read = fromText(text))),
    addImported: (choice: ImportChoice) =>
      answer("addImported", [choice], () => {
        const added = imported(read, choice, `app-${data().apps.length + 1}`);
        data().apps.push(added);
        return added;
      }),
    discardImport: () => answer("discardImport", [], () => null),
  };
}
