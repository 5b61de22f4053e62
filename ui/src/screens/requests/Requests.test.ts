// The Requests tab in front of the fake host.
import { within } from "@testing-library/svelte";
import type { UserEvent } from "@testing-library/user-event";
import { expect, test } from "vitest";
import { trouble } from "../../fake/data";
import { router } from "../../state/router.svelte";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function open(scenario = "some", tell?: () => void): Promise<UserEvent> {
  const user = await start(scenario, tell);
  await user.click(await screen.findByRole("tab", { name: "Requests" }));
  if (scenario !== "custom") await path();
  return user;
}

const path = () => screen.findByRole<HTMLInputElement>("combobox", { name: "Path" });
const method = () => screen.getByRole<HTMLSelectElement>("combobox", { name: "Method" });
const body = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Body" });
const lines = () => [...document.querySelectorAll("[role=treeitem] .text")].map((line) => line.textContent ?? "");

async function send(user: UserEvent, to: string): Promise<void> {
  await user.clear(await path());
  await user.type(await path(), `${to}{Control>}{Enter}{/Control}`);
}

/** Chooses from the menu of the request, by keyboard. Without a layout it counts as hidden. */
async function choose(user: UserEvent, item: string): Promise<void> {
  (await screen.findByRole("button", { name: "Request actions" })).focus();
  await user.keyboard("{Enter}");
  (await screen.findByText(item, { selector: "[role=menuitem]" })).focus();
  await user.keyboard("{Enter}");
}

test("a known endpoint is chosen by keyboard, and fills method, path and body", async () => {
  const user = await open();
  const input = await path();
  await user.type(input, "post/");
  expect(input).toHaveAttribute("aria-expanded", "true");
  expect(screen.getAllByRole("option", { name: /post\// })).toHaveLength(2);
  await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
  const option = document.getElementById(input.getAttribute("aria-activedescendant") ?? "");
  expect(option).toHaveTextContent("post/list");
  expect(option).toHaveAttribute("aria-selected", "true");
  await user.keyboard("{Enter}");
  expect(input).toHaveValue("post/list");
  expect(input).toHaveAttribute("aria-expanded", "false");
  expect(method()).toHaveValue("POST");
  expect(body().value).toContain('"project_id": "<project ID>"');
  expect(fake.called("sendApiRequest")).toEqual([]);
});

test("Escape closes the list and keeps what is written, and arrow keys open it with all endpoints", async () => {
  const user = await open();
  const input = await path();
  await user.type(input, "post{Escape}");
  expect(input).toHaveValue("post");
  expect(input).toHaveAttribute("aria-expanded", "false");
  await user.keyboard("{ArrowUp}");
  expect(document.getElementById(input.getAttribute("aria-activedescendant") ?? "")).toHaveTextContent("post/create");
  expect(screen.getAllByRole("option", { name: /\// })).toHaveLength(5);
});

test("another endpoint replaces an example body, and never one that was written", async () => {
  const user = await open();
  await user.type(await path(), "project/details{ArrowDown}{Enter}");
  await user.clear(await path());
  await user.type(await path(), "post/list{ArrowDown}{Enter}");
  expect(body().value).toContain('"limit": 20');
  await user.clear(body());
  await user.type(body(), "mine");
  await user.clear(await path());
  await user.type(await path(), "post/create{ArrowDown}{Enter}");
  expect(body()).toHaveValue("mine");
});

test("Ctrl+Enter sends method, path, headers and body, and the response is shown", async () => {
  const user = await open();
  await user.selectOptions(method(), "PUT");
  await user.type(await path(), "project/list");
  await press(user, /^Headers/);
  await press(user, "Add header");
  await user.keyboard("X-Trace{Tab}1");
  await press(user, "Add header");
  await user.type(body(), "[[1");
  expect(screen.getByText("Not valid JSON. It’s sent as it is.")).toBeInTheDocument();
  await user.keyboard("{Control>}{Enter}{/Control}");
  await screen.findByText("200 OK");
  expect(fake.called("sendApiRequest")).toEqual([
    ["c1", { method: "PUT", target: "project/list", headers: [{ name: "X-Trace", value: "1" }], body: "[1" }],
  ]);
  await waitFor(() => expect(lines()[1]).toBe('"projects": ['));
  const facts = document.querySelector(".facts-line");
  expect(facts).toHaveTextContent(/124 ms/);
  expect(facts).toHaveTextContent(/\d+ B/);
});

test("JSON is formatted, and text that is not JSON cannot be", async () => {
  const user = await open();
  await user.selectOptions(method(), "POST");
  await user.type(body(), '{{"a":[[1]}');
  await press(user, "Format JSON");
  expect(body()).toHaveValue('{\n  "a": [\n    1\n  ]\n}');
  await user.type(body(), "x");
  expect(screen.getByRole("button", { name: "Format JSON" })).toBeDisabled();
});

test("a request that takes long says so, and is cancelled", async () => {
  const user = await open();
  fake.wait("sendApiRequest", 1e9);
  await send(user, "project/list");
  await screen.findByText("Waiting for Grigora…");
  expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  await press(user, "Cancel");
  await screen.findByText("Cancelled. The request may have reached the server.");
  expect(fake.called("cancel")).toHaveLength(1);
  expect(screen.getByRole("button", { name: "Send" })).toBeEnabled();
});

test("objects and arrays are folded by pointer and keyboard, all at once, and opened", async () => {
  const user = await open();
  await send(user, "project/list");
  await waitFor(() => expect(lines().length).toBeGreaterThan(20));
  const all = lines();
  const tree = screen.getByRole("tree");
  await user.click(within(tree).getAllByRole("button", { name: "Fold" })[2] as HTMLElement);
  await waitFor(() => expect(lines()[2]).toBe("{… 5 members}"));
  expect(lines()[3]).toBe("{");
  tree.focus();
  await user.keyboard("{ArrowRight}");
  await waitFor(() => expect(lines()).toEqual(all));
  await user.keyboard("{ArrowLeft}{Home}");
  await waitFor(() => expect(lines()[2]).toBe("{… 5 members}"));
  await press(user, "Fold all");
  await waitFor(() => expect(lines()).toEqual(["{", '"projects": [… 4 items]', '"total": 4,', '"next": null', "}"]));
  // What is within is folded, too.
  tree.focus();
  await user.keyboard("{Home}{ArrowDown}{ArrowRight}");
  await waitFor(() => expect(lines()[2]).toBe("{… 5 members}"));
  expect(lines()).toHaveLength(10);
  await press(user, "Unfold all");
  await waitFor(() => expect(lines()).toEqual(all));
});

test("a search counts the matches, goes around them, and opens the fold that hides one", async () => {
  const user = await open();
  await send(user, "project/list");
  await waitFor(() => expect(lines().length).toBeGreaterThan(20));
  await press(user, "Fold all");
  await waitFor(() => expect(lines()).toHaveLength(5));
  screen.getByRole("tree").focus();
  await user.keyboard("{Control>}f{/Control}");
  await user.keyboard("acme");
  await screen.findByText("1 of 4");
  await waitFor(() => expect(lines()).toContain('"name": "Acme Journal",'));
  expect(document.querySelector(".current")).toHaveTextContent("Acme Journal");
  await user.keyboard("{Enter}");
  await screen.findByText("2 of 4");
  await user.keyboard("{Shift>}{Enter}{Enter}{/Shift}");
  await screen.findByText("4 of 4");
  await press(user, "Next match");
  await screen.findByText("1 of 4");
  await user.clear(screen.getByRole("textbox", { name: "Search response" }));
  await user.type(screen.getByRole("textbox", { name: "Search response" }), "xyzzy");
  await screen.findByText("No matches");
});

test("of a million lines those in sight are drawn, and the last is reached", async () => {
  const user = await open();
  await send(user, "post/list");
  await screen.findByText("20.4 MB");
  await waitFor(() => expect(lines()[1]).toBe("{"));
  expect(lines().length).toBeLessThan(100);
  screen.getByRole("tree").focus();
  await user.keyboard("{End}");
  await waitFor(() => expect(document.querySelector(".current .number")).toHaveTextContent("1,000,002"));
  const asked = fake.called("responseLines").flatMap(([, , ranges]) => ranges as { count: number }[]);
  expect(asked.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(1500);
  await press(user, "Fold all");
  await waitFor(() => expect(lines()).toEqual(["[… 100,000 items]"]));
});

test("rows stay until the lines that follow are there", async () => {
  const user = await open();
  await send(user, "post/list");
  await waitFor(() => expect(lines()[1]).toBe("{"));
  const release = fake.hold("responseLines");
  screen.getByRole("tree").focus();
  await user.keyboard("{End}");
  expect(lines()[1]).toBe("{");
  release();
  await waitFor(() => expect(lines().at(-1)).toBe("]"));
});

test("a response that is no longer held is opened from the history", async () => {
  const user = await open();
  await send(user, "post/list");
  await waitFor(() => expect(lines()[1]).toBe("{"));
  fake.fail("responseLines", trouble("not_found", "The response is no longer held."));
  screen.getByRole("tree").focus();
  await user.keyboard("{End}");
  await screen.findByText("The response is no longer held.");
  expect(fake.called("openApiExchange")).toHaveLength(1);
  fake.fail("responseLines", null);
  await press(user, "Try again");
  await waitFor(() => expect(lines().at(-1)).toBe("]"));
});

test("raw text, headers, and binary data have views of their own", async () => {
  const user = await open();
  await send(user, "project/list");
  await user.click(await screen.findByRole("tab", { name: "Raw" }));
  await waitFor(() => expect(lines()[0]).toMatch(/^\{"projects":\[/));
  expect(screen.queryByRole("button", { name: "Fold all" })).toBeNull();
  await user.click(screen.getByRole("tab", { name: "Headers (4)" }));
  expect(screen.getByText("set-cookie").closest("dl")).toHaveTextContent("[secret]");
  await press(user, "Copy response");
  expect(fake.called("copyResponse")).toHaveLength(1);
  await send(user, "media/cover.webp");
  await screen.findByText("Binary data (image/webp). Save it to open it elsewhere.");
  expect(screen.queryByRole("button", { name: "Copy response" })).toBeNull();
  await press(user, "Save response…");
  await screen.findByText("Saved to /home/ada/Downloads/response.json");
});

test("an error status is a response, told by a word and a shape, with its notes", async () => {
  const user = await open("some", () => (fake.data.requestNotes = ["The access token was refreshed once."]));
  await send(user, "nothing/here");
  const status = await screen.findByText("404 Not Found");
  expect(status.querySelector("svg")).not.toBeNull();
  expect(screen.getByText("The access token was refreshed once.")).toBeInTheDocument();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("the history opens a request with its response, and is deleted one by one or at once", async () => {
  const user = await open("requested");
  const history = screen.getByRole("region", { name: "History" });
  const entries = () => within(history).queryAllByTitle(/^(GET|POST) /);
  await waitFor(() => expect(entries()).toHaveLength(4));
  expect(entries().map((entry) => entry.textContent?.trim().replace(/\s+/g, " "))[3]).toMatch(/^GET teapot 404 /);
  await user.click(entries()[1] as HTMLElement);
  await screen.findByText("20.4 MB");
  expect(await path()).toHaveValue("post/list");
  expect(method()).toHaveValue("POST");
  await press(user, /^Delete POST post\/list/);
  await waitFor(() => expect(entries()).toHaveLength(3));
  expect(screen.queryByText("20.4 MB")).toBeNull();
  await press(user, "Clear…");
  const dialog = await screen.findByRole("alertdialog");
  await user.click(within(dialog).getByRole("button", { name: "Cancel" }));
  expect(entries()).toHaveLength(3);
  await press(user, "Clear…");
  await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Clear" }));
  await screen.findByText("No requests yet.");
});

test("a request is saved by name, a taken name is asked about, and a saved one is opened and deleted", async () => {
  const user = await open();
  await user.type(await path(), "project/list{Escape}");
  for (const again of [false, true]) {
    await choose(user, "Save request…");
    await user.type(await screen.findByRole("textbox", { name: "Name" }), "Projects{Enter}");
    if (again) {
      await screen.findByText("There is a saved request “Projects” already.");
      await press(user, "Replace");
    }
    await screen.findByText("Saved as “Projects”");
    await waitFor(() => expect(screen.queryByRole("textbox", { name: "Name" })).toBeNull());
  }
  expect(fake.called("saveApiRequest").map(([, name, , replace]) => [name, replace])).toEqual([
    ["Projects", false],
    ["Projects", false],
    ["Projects", true],
  ]);
  await choose(user, "New request");
  expect(await path()).toHaveValue("");
  await press(user, /^Projects GET project\/list/);
  expect(await path()).toHaveValue("project/list");
  await press(user, "Delete Projects");
  await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Delete" }));
  await screen.findByText("No saved requests.");
});

test("a request is copied as code of each form", async () => {
  const user = await open();
  await user.type(await path(), "project/list{Escape}");
  for (const [item, format] of [
    ["Copy as curl", "curl"],
    ["Copy as fetch", "fetch"],
    ["Copy as Python", "python"],
  ] as const) {
    await choose(user, item);
    await waitFor(() =>
      expect(String(fake.called("copyText").at(-1))).toMatch(new RegExp(`^${format} .*grapnel token`)),
    );
  }
});

test("an error of a field is told at the field, and another one where the response would be", async () => {
  const user = await open();
  const refused = trouble("invalid_input", "evil.example is not an API host of this app.", "The token was not sent.");
  fake.fail("sendApiRequest", { ...refused, field: "url" });
  await send(user, "https://evil.example/");
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("evil.example is not an API host of this app. The token was not sent.");
  expect(await path()).toHaveAccessibleDescription(/evil\.example/);
  expect(await path()).toHaveAttribute("aria-invalid", "true");
  fake.fail("sendApiRequest", trouble("reconnect_needed", "Grigora rejected the refresh token."));
  await send(user, "project/list");
  await screen.findByText("Grigora rejected the refresh token.");
  expect(screen.getByRole("region", { name: "Response" })).toHaveTextContent("Reconnect");
  fake.fail("sendApiRequest", null);
  await press(user, "Try again");
  await screen.findByText("200 OK");
});

test("with a locked vault the page says so, and is read again once it is unlocked", async () => {
  const user = await start("passphrase", () =>
    fake.fail("apiRequestPage", trouble("passphrase_needed", "The saved requests are in the vault.")),
  );
  await user.click(await screen.findByRole("tab", { name: "Requests" }));
  await screen.findByText("The saved requests are in the vault.");
  fake.fail("apiRequestPage", null);
  await user.type(await screen.findByLabelText("Passphrase"), "correct horse battery{Enter}");
  expect(await path()).toBeInTheDocument();
});

test("without an API base the page leads to the app", async () => {
  const user = await open("custom");
  await screen.findByText("Send requests to the API");
  await press(user, "Edit app");
  expect(router.route).toMatchObject({ page: "change" });
});

test("the commands lead to the request page of the connection", async () => {
  const user = await start("some");
  await screen.findByRole("heading", { name: "Acme production" });
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox", { name: "Commands" }), "API request{Enter}");
  expect(await path()).toBeInTheDocument();
  await send(user, "project/list");
  await screen.findByText("200 OK");
  await user.click(screen.getByRole("tab", { name: "Activity" }));
  await user.click(screen.getByRole("tab", { name: "Requests" }));
  // What was written and received is still there.
  expect(await path()).toHaveValue("project/list");
  await waitFor(() => expect(lines()[1]).toBe('"projects": ['));
});
