import { expect, test } from "vitest";
import type { Entry, Kind } from "../host";
import { foldSignIns } from "./signInEntries";

const entry = (kind: Kind, minute: number, app = "a", connection: string | null = null): Entry => ({
  at: `2026-03-01T10:${String(minute).padStart(2, "0")}:00Z`,
  kind,
  text: kind,
  times: 1,
  last_at: null,
  connection_id: connection,
  app_id: app,
  exchange_id: null,
});
const shown = (entries: Entry[]) =>
  foldSignIns(entries).map(({ entry, started }) => [entry.kind, started?.slice(14, 16) ?? null]);

test("the end of a sign-in has the time of its start", () => {
  expect(shown([entry("signed_in", 12, "a", "c"), entry("sign_in_started", 10)])).toEqual([["signed_in", "10"]]);
  expect(shown([entry("denied", 12), entry("sign_in_started", 10)])).toEqual([["denied", "10"]]);
});

test("each end takes a start of its own, of the same app and connection", () => {
  expect(
    shown([
      entry("signed_in", 14, "a", "c"),
      entry("sign_in_ended", 13, "a", "d"),
      entry("sign_in_started", 12, "a", "c"),
      entry("sign_in_started", 11, "b"),
      entry("sign_in_started", 10, "a", "d"),
    ]),
  ).toEqual([
    ["signed_in", "12"],
    ["sign_in_ended", "10"],
    ["sign_in_started", null],
  ]);
});

test("a start that is too old, or whose end is not there, stays", () => {
  expect(shown([entry("signed_in", 40), entry("sign_in_started", 10)])).toEqual([
    ["signed_in", null],
    ["sign_in_started", null],
  ]);
  expect(shown([entry("sign_in_started", 10)])).toEqual([["sign_in_started", null]]);
});
