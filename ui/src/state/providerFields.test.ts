import { expect, test } from "vitest";
import type { ProviderView } from "../host";
import { clientKey } from "./profile";
import { ProviderFields } from "./providerFields.svelte";

const profile = { client_auth: "basic", client_secret: "required", revocation_auth: "", introspection_auth: "" };
const values = Object.entries(profile).map(([key, value]) => ({ key, value, source: "assumed", page: null }));

test("a client that signs at one endpoint only has a key", () => {
  const fields = new ProviderFields({ values, scopes: [] } as unknown as ProviderView, null);
  expect(fields.assertionKeys).toEqual([]);
  for (const endpoint of ["client_auth", "revocation_auth", "introspection_auth"]) {
    fields.set(endpoint, "private_key_jwt");
    expect(fields.assertionKeys, endpoint).toContain(clientKey);
    fields.set(endpoint, "basic");
    expect(fields.assertionKeys, endpoint).not.toContain(clientKey);
  }
});
