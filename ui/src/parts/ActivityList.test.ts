// The activity log: filters, columns and export, in front of the fake host.
import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { entries, trouble } from "../fake/data";
import { fake, press, screen, start, waitFor } from "../test/start";

const rows = () => [...document.querySelectorAll<HTMLElement>(".log > li")];

test("the log is filtered by kind and by problems", async () => {
  const user = await start("exchanged");
  await user.click(await screen.findByRole("tab", { name: "Activity" }));
  await waitFor(() => expect(rows().length).toBeGreaterThan(3));
  await press(user, "Events: All events");
  await user.click(await screen.findByText("Refreshes", { selector: "[role=option] *, [role=option]" }));
  await waitFor(() => expect(rows()).toHaveLength(2));
  await press(user, "Problems");
  await waitFor(() => expect(rows()).toHaveLength(1));
  expect(rows()[0]).toHaveTextContent("Grigora refused the refresh token");
  expect(rows()[0]?.querySelector("svg")).toHaveClass("is-reconnect");
  expect(fake.called("activity").at(-1)).toEqual(["c1", null, ["renewal_failed", "answer_lost", "renewal_refused"]]);
  await user.type(screen.getByRole("searchbox", { name: "Search" }), "nothing");
  await screen.findByText("No matches for “nothing”");
});

test("the connection is a column of its own, unless the sentence names it", async () => {
  const user = await start("some", () => {
    const [first, second] = entries("c1");
    if (!first || !second) throw new Error("no entries");
    fake.data.activity = [{ ...first, text: "“Acme production” needs to be reconnected." }, second];
  });
  await press(user, "Activity");
  await waitFor(() => expect(rows()).toHaveLength(2));
  expect(within(rows()[0] as HTMLElement).queryByRole("button")).toBeNull();
  expect(within(rows()[1] as HTMLElement).getByRole("button", { name: "Acme production" })).toBeVisible();
});

test("a finished sign-in is one entry, with the time of its start", async () => {
  const user = await start("some");
  await press(user, "Activity");
  await waitFor(() => expect(rows().length).toBeGreaterThan(0));
  const signIns = rows().filter((row) => /sign/i.test(row.textContent));
  expect(signIns).toHaveLength(1);
  expect(signIns[0]).toHaveTextContent(/Signed in as .* Started \d+:\d\d/);
});

test("what is shown is exported to a file that the person chooses", async () => {
  const user = await start("some", () => (fake.data.chosen = "activity.json"));
  await press(user, "Activity");
  await waitFor(() => expect(rows().length).toBeGreaterThan(0));
  await press(user, "Problems");
  await screen.findByText("No such activity.");
  expect(screen.getByRole("button", { name: "Export…" })).toBeDisabled();
  await press(user, "Problems");
  await waitFor(() => expect(rows().length).toBeGreaterThan(0));
  await press(user, "Export…");
  await screen.findByText(/^Exported to .*activity\.json$/);
  expect(fake.called("exportActivity")).toEqual([[null, null, []]]);
  fake.fail("exportActivity", trouble("data_unwritable", "The file cannot be written."));
  await press(user, "Export…");
  await screen.findByText(/The file cannot be written\./);
});
