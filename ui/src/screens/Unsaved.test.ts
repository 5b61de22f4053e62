// What was entered is there when the person comes back, or the window asks before it is lost.
import { tick } from "svelte";
import { fireEvent, within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { router } from "../state/router.svelte";
import { appStore, choose, press, row, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const asked = () => screen.findByRole("alertdialog", { name: "Leave this form" });
const add = async (user: Awaited<ReturnType<typeof start>>) =>
  user.click(within(screen.getByRole("navigation", { name: "Connections" })).getByRole("button", { name: "Add app" }));
const title = (name: string) => screen.findByRole("heading", { name, level: 1 });

test("a half-filled form is there again after another page was shown", async () => {
  const user = await start("some");
  await add(user);
  await step(user, "Credentials");
  await user.type(field("name"), "Harbour");
  await user.type(field("client_id"), "harbour-1");
  await row(user, "Acme staging");
  await title("Acme staging");
  await add(user);
  await title("Add app");
  expect(field("name")).toHaveValue("Harbour");
  expect(field("client_id")).toHaveValue("harbour-1");
  expect(screen.getByRole("group", { name: "Credentials" })).toBeVisible();
  // Also if it is asked for while it is shown.
  await add(user);
  expect(field("name")).toHaveValue("Harbour");
  await press(user, "Cancel");
  await add(user);
  await waitFor(() => expect(field("name")).toHaveValue(""));
});

test("an edited app is not left without a question", async () => {
  const user = await start("some");
  router.go({ page: "change", app: "acme-sites" });
  await waitFor(() => expect(field("name")).not.toBeNull());
  await user.type(field("name"), " 2");
  await row(user, "Acme staging");
  await user.click(within(await asked()).getByRole("button", { name: "Cancel" }));
  expect(router.route.page).toBe("change");
  expect(field("name").value).toMatch(/ 2$/);
  router.back();
  await user.click(within(await asked()).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(router.route.page).not.toBe("change"));
  // Nothing is left to ask about.
  await row(user, "Acme staging");
  await title("Acme staging");
});

test("details that were edited are not dropped by Escape without a question", async () => {
  const user = await start("some");
  await choose(user, "Edit details…");
  const dialog = screen.getByRole("dialog", { name: /^Edit/ });
  const escape = () => dialog.dispatchEvent(new Event("cancel", { cancelable: true }));
  expect(escape()).toBe(true);
  await user.type(screen.getByRole("textbox", { name: "Note", hidden: true }), "ask Ines");
  expect(escape()).toBe(false);
  await user.click(within(await asked()).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(document.querySelector("dialog[open]")).toBeNull());
  // And again, although it was left once.
  await choose(user, "Edit details…");
  await user.type(screen.getByRole("textbox", { name: "Note", hidden: true }), "ask Ines");
  router.go({ page: "activity" });
  await asked();
});

test("a form within a page is not dropped by Escape without a question, unless it is empty", async () => {
  const user = await start("some");
  router.go({ page: "settings", group: "data" });
  await press(user, "Export…");
  await user.click(screen.getByRole("checkbox", { name: "Include tokens" }));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByLabelText("File passphrase")).toBeNull());
  await press(user, "Export…");
  await user.type(screen.getByLabelText("File passphrase"), "four or five");
  expect(await fireEvent.keyDown(screen.getByLabelText("File passphrase"), { key: "Escape" })).toBe(false);
  await user.click(within(await asked()).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(screen.queryByLabelText("File passphrase")).toBeNull());
});

test("what stays after a question was answered is asked about again", async () => {
  const user = await start("team");
  router.go({ page: "settings", group: "teams" });
  await press(user, "Invite to Harbour");
  await user.type(screen.getByRole("textbox", { name: "Name in the team" }), "Chandra");
  await press(user, "Database URL of Harbour…");
  const dialog = screen.getByRole<HTMLDialogElement>("dialog");
  await user.type(within(dialog).getByLabelText("Database URL"), "postgres://db");
  expect(dialog.dispatchEvent(new Event("cancel", { cancelable: true }))).toBe(false);
  await user.click(within(await asked()).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(document.querySelector("dialog[open]")).toBeNull());
  router.go({ page: "activity" });
  await asked();
  expect(screen.getByRole("textbox", { name: "Name in the team", hidden: true })).toHaveValue("Chandra");
});

test("text to import and a new hook are not left without a question", async () => {
  const user = await start("some");
  router.go({ page: "import" });
  await user.type(await screen.findByLabelText("Or paste text"), "curl");
  await press(user, "Settings");
  await user.click(within(await asked()).getByRole("button", { name: "Leave" }));
  await press(user, "Hooks");
  await user.type(await screen.findByLabelText("Hook command"), "/bin/true");
  await press(user, "Network");
  await asked();
  expect(router.route).toMatchObject({ group: "hooks" });
});

test("a refresh in the background keeps the details that are being edited", async () => {
  const user = await start("some");
  await choose(user, "Edit details…");
  const note = screen.getByRole("textbox", { name: "Note", hidden: true });
  await user.type(note, "ask Ines");
  await appStore.reload("c1");
  await tick();
  expect(document.querySelector("dialog[open]")).not.toBeNull();
  expect(note).toHaveValue("ask Ines");
});
