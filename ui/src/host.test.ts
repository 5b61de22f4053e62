import { expect, test } from "vitest";
import { fake } from "./fake/fake";
import { trouble } from "./fake/data";
import { asTrouble, host, nextCall } from "./host";

test("a result is returned", async () => {
  fake.use("some");
  expect((await host.overview(true)).apps).toHaveLength(2);
});

test("a host's error is thrown as it is", async () => {
  fake.use("some");
  const error = trouble("data_busy", "Another process holds the database.");
  fake.fail("overview", error);
  await expect(host.overview(true)).rejects.toEqual(error);
});

test("a failed call is an error too", () => {
  expect(asTrouble(new Error("no channel"))).toMatchObject({ code: "internal", message: "no channel" });
  expect(asTrouble("odd")).toMatchObject({ code: "internal", message: "odd" });
});

test("calls have distinct numbers", () => {
  expect(nextCall()).not.toBe(nextCall());
});

test("no function of the host returns a secret", async () => {
  fake.use("some");
  const details = await host.connection("c1");
  expect(Object.keys(details.tokens ?? {}).sort()).toEqual([
    "access",
    "certificate",
    "dpop",
    "expires_at",
    "expiry_source",
    "id_token",
    "issued_at",
    "refresh",
    "refresh_end_is_fixed",
    "refresh_expires_at",
    "renewals",
    "signed_in_at",
  ]);
  // Its times only.
  fake.use("custom");
  const { id_token } = (await host.connection("c1")).tokens ?? {};
  expect(Object.keys(id_token ?? {}).sort()).toEqual(["expires_at", "received_at"]);
  expect(await host.copyToken("c1")).toBeNull();
  expect(await host.copyIdToken("c1")).toBeNull();
  expect(Object.keys(host).filter((name) => /secret|verifier|password|^token/i.test(name))).toEqual([]);
});
