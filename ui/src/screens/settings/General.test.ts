import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function open(group: string, tell?: () => void) {
  const user = await start("some", tell);
  await press(user, "Settings");
  await press(user, group);
  return user;
}
const box = (name: string) => screen.findByRole("textbox", { name });

test("a setting is saved on blur, and confirmed", async () => {
  const user = await open("Sign-in");
  await user.type(await box("Browser"), "firefox -P work");
  await user.tab();
  await screen.findByText("Saved");
  expect(fake.called("changeSettings")).toEqual([[{ browser: "firefox -P work" }]]);
});

test("an invalid setting shows its error, keeps the text, and does not block others", async () => {
  const user = await open("Network");
  const proxy = await box("Proxy");
  await user.type(proxy, "proxy.example{Enter}");
  await waitFor(() => expect(proxy).toHaveAccessibleDescription(/does not begin with http/));
  expect(proxy).toHaveValue("proxy.example");
  await press(user, "Sign-in");
  await user.type(await box("Browser"), "firefox{Enter}");
  await waitFor(() => expect(fake.data.settings).toMatchObject({ browser: "firefox", proxy: "" }));
});

test("a declined command or proxy changes nothing and is no error", async () => {
  const user = await open("Sign-in", () => (fake.data.agrees = false));
  for (const [group, name, text] of [
    ["Sign-in", "Browser", "firefox -P work"],
    ["Network", "Proxy", "http://proxy.example:3128"],
  ] as const) {
    await press(user, group);
    await user.type(await box(name), `${text}{Enter}`);
    expect(await screen.findByText("Not changed")).toBeVisible();
    expect(await box(name)).toHaveValue("");
    // Leaving the field causes no second confirmation.
    await user.tab();
  }
  expect(fake.called("changeSettings")).toHaveLength(2);
  expect(fake.data.settings).toMatchObject({ browser: "", proxy: "" });
  expect(fake.called("checkProxy")).toEqual([]);
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a blur of the window saves no setting", async () => {
  const user = await open("Sign-in");
  const field = await box("Browser");
  await user.type(field, "firefox");
  field.dispatchEvent(new FocusEvent("blur"));
  expect(fake.called("changeSettings")).toEqual([]);
  await user.tab();
  await waitFor(() => expect(fake.data.settings.browser).toBe("firefox"));
});

test("the certificate file is chosen in the system’s dialog, and removed without confirmation", async () => {
  const user = await open("Network");
  const authorities = within(await screen.findByRole("group", { name: "Additional trusted CAs" }));
  fake.data.chosen = null;
  await user.click(authorities.getByRole("button", { name: "Choose file…" }));
  expect(authorities.getByText("System CAs only.")).toBeVisible();
  fake.data.chosen = "/etc/ssl/company.pem";
  await user.click(authorities.getByRole("button", { name: "Choose file…" }));
  expect(await authorities.findByText(/company\.pem/)).toBeVisible();
  fake.fail("chooseCertificates", {
    code: "invalid_input",
    message: "“/tmp/no.pem” holds no certificate.",
    meaning: null,
    hint: null,
    field: "certificates",
  });
  await user.click(authorities.getByRole("button", { name: "Choose file…" }));
  expect(await authorities.findByRole("alert")).toHaveTextContent("holds no certificate");
  await user.click(authorities.getByRole("button", { name: "Remove" }));
  await waitFor(() => expect(fake.data.settings.certificates).toBe(""));
  expect(fake.called("changeSettings")).toHaveLength(1);
});

test("unchanged settings are not sent", async () => {
  const user = await open("Network");
  await user.click(await box("Proxy"));
  await user.tab();
  expect(fake.called("changeSettings")).toEqual([]);
});

test("the data folder opens, and unreadable settings are reported and retried", async () => {
  const trouble = {
    code: "data_busy" as const,
    message: "Another program holds it.",
    meaning: null,
    hint: null,
    field: null,
  };
  const user = await open("Data", () => fake.fail("settings", trouble));
  expect(await screen.findByRole("alert")).toHaveTextContent("Another program holds it.");
  fake.fail("settings", null);
  await press(user, "Try again");
  await press(user, "Open folder");
  expect(fake.called("openFolder")).toHaveLength(1);
});

test("a proxy that cannot be reached is saved with a warning", async () => {
  const user = await open("Network");
  await user.type(await box("Proxy"), "http://nowhere.example:3128{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("The proxy is saved, but could not be reached");
  expect(screen.getByText("Saved")).toBeVisible();
  expect(fake.data.settings.proxy).toBe("http://nowhere.example:3128");
  await user.clear(await box("Proxy"));
  await user.type(await box("Proxy"), "http://proxy.example:3128{Enter}");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  expect(fake.called("checkProxy")).toHaveLength(2);
});

test("switches apply at once, say so in their row, and a failed one reverts", async () => {
  const user = await open("General");
  await user.click(await screen.findByRole("switch", { name: "Notify me when a connection needs attention" }));
  await waitFor(() => expect(fake.data.settings).toMatchObject({ quiet: true, tray: false }));
  expect(await screen.findByText("Saved")).toBeVisible();
  await user.click(screen.getByRole("switch", { name: "Start at login" }));
  await waitFor(() => expect(fake.called("startAtLogin")).toEqual([[true]]));
  fake.fail("changeSettings", {
    code: "invalid_input",
    message: "This desktop shows no tray.",
    meaning: null,
    hint: null,
    field: "tray",
  });
  const tray = await screen.findByRole("switch", { name: "Stay in the tray" });
  await user.click(tray);
  expect(await screen.findByText("This desktop shows no tray.")).toBeVisible();
  expect(tray).not.toBeChecked();
});

test("the theme is a choice of three, side by side", async () => {
  const user = await open("General");
  const themes = within(await screen.findByRole("radiogroup", { name: "Theme" }));
  await user.click(themes.getByRole("radio", { name: "Dark" }));
  expect(document.documentElement.dataset.theme).toBe("dark");
  await user.click(themes.getByRole("radio", { name: "System" }));
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

test("the refresh margin applies at once", async () => {
  const user = await open("Refresh");
  const margin = await screen.findByRole("combobox", { name: "Refresh before expiry" });
  expect(margin).toHaveDisplayValue("Automatic");
  await user.selectOptions(margin, "15 minutes");
  await waitFor(() => expect(fake.data.settings.margin).toBe("fifteen_minutes"));
  // Saving another setting later does not change it.
  await press(user, "General");
  await user.click(await screen.findByRole("switch", { name: "Stay in the tray" }));
  await waitFor(() => expect(fake.data.settings).toMatchObject({ margin: "fifteen_minutes", tray: true }));
  fake.fail("changeSettings", {
    code: "data_busy",
    message: "Another program holds it.",
    meaning: null,
    hint: null,
    field: null,
  });
  await press(user, "Refresh");
  const again = await screen.findByRole("combobox", { name: "Refresh before expiry" });
  await user.selectOptions(again, "1 minute");
  expect(await screen.findByText("Another program holds it.")).toBeVisible();
  await waitFor(() => expect(again).toHaveDisplayValue("15 minutes"));
});

test("the redirect method of new apps applies at once", async () => {
  const user = await open("Sign-in");
  const method = await screen.findByRole("combobox", { name: "Redirect method of new apps" });
  expect(method).toHaveDisplayValue("Deep link");
  await user.selectOptions(method, "Loopback (127.0.0.1)");
  await waitFor(() => expect(fake.data.settings.redirect_method).toBe("loopback"));
});

test("the list of groups is one tab stop, and arrow keys move along it", async () => {
  const user = await open("Network");
  const list = within(screen.getByRole("navigation", { name: "Settings" }));
  expect(list.getByRole("button", { name: "Network" })).toHaveAttribute("aria-current", "page");
  expect(list.getAllByRole("button").filter((one) => one.tabIndex === 0)).toHaveLength(1);
  list.getByRole("button", { name: "Network" }).focus();
  await user.keyboard("{ArrowDown}{ArrowRight}{Enter}");
  expect(await screen.findByRole("heading", { name: "Vault", level: 2 })).toBeVisible();
});

test("a deep link is tested", async () => {
  const user = await open("Sign-in");
  await press(user, "Test deep link");
  expect(await screen.findByText("It returned to Grapnel.")).toBeVisible();
});

test("about shows version, licence and notices, and copies where to report a problem", async () => {
  const user = await open("About");
  expect(await screen.findByText("Grapnel 0.1.0")).toBeVisible();
  expect(screen.getByText("MIT OR Apache-2.0")).toBeVisible();
  await press(user, "Copy URL for reports");
  expect(fake.called("copyText")).toEqual([["https://github.com/grapnel-app/grapnel/issues"]]);
  expect(screen.queryByRole("textbox", { name: "Third-party notices" })).toBeNull();
  await press(user, "Show notices");
  const notices = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Third-party notices" });
  expect(notices.value).toContain("crate-7 1.0.7  MIT OR Apache-2.0");
});

test("a connection requested from a notification is shown", async () => {
  await open("General");
  fake.connectionRequested.emit("c1");
  await waitFor(() => expect(screen.queryByRole("heading", { name: "Settings" })).toBeNull());
});

test("the density is chosen, and kept", async () => {
  const user = await open("General");
  await user.click(await screen.findByRole("radio", { name: "Compact" }));
  expect(document.documentElement.dataset.density).toBe("compact");
  expect(localStorage.getItem("density")).toBe("compact");
  await user.click(screen.getByRole("radio", { name: "Comfortable" }));
  expect(document.documentElement.dataset.density).toBe("comfortable");
});
