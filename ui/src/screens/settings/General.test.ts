import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function open(tell?: () => void) {
  const user = await start("some", tell);
  await press(user, "Settings");
  return user;
}
const box = (name: string) => screen.findByRole("textbox", { name });

test("a setting is saved on blur, and confirmed", async () => {
  const user = await open();
  await user.type(await box("Browser"), "firefox -P work");
  await user.tab();
  await screen.findByText("Saved");
  expect(fake.called("changeSettings")).toEqual([[{ browser: "firefox -P work" }]]);
});

test("an invalid setting shows its error, keeps the text, and does not block others", async () => {
  const user = await open();
  const proxy = await box("Proxy");
  await user.type(proxy, "proxy.example{Enter}");
  await waitFor(() => expect(proxy).toHaveAccessibleDescription(/does not begin with http/));
  expect(proxy).toHaveValue("proxy.example");
  await user.type(await box("Browser"), "firefox{Enter}");
  await waitFor(() =>
    expect(fake.data.settings).toEqual({
      browser: "firefox",
      proxy: "",
      certificates: "",
      quiet: false,
      tray: false,
      margin: "usual",
    }),
  );
});

test("a declined command or proxy changes nothing and is no error", async () => {
  const user = await open(() => (fake.data.agrees = false));
  for (const [name, text] of [
    ["Browser", "firefox -P work"],
    ["Proxy", "http://proxy.example:3128"],
  ] as const) {
    await user.type(await box(name), `${text}{Enter}`);
    expect(await screen.findByText("Not changed")).toBeVisible();
    expect(await box(name)).toHaveValue("");
    // Leaving the field causes no second confirmation.
    await user.tab();
  }
  expect(fake.called("changeSettings")).toHaveLength(2);
  expect(fake.data.settings).toMatchObject({ browser: "", proxy: "" });
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a blur of the window saves no setting", async () => {
  const user = await open();
  const field = await box("Browser");
  await user.type(field, "firefox");
  field.dispatchEvent(new FocusEvent("blur"));
  expect(fake.called("changeSettings")).toEqual([]);
  await user.tab();
  await waitFor(() => expect(fake.data.settings.browser).toBe("firefox"));
});

test("the certificate file is chosen in the system’s dialog, and removed without confirmation", async () => {
  const user = await open();
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
  const user = await open();
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
  const user = await open(() => fake.fail("settings", trouble));
  expect(await screen.findByRole("alert")).toHaveTextContent("Another program holds it.");
  fake.fail("settings", null);
  await press(user, "Try again");
  await press(user, "Open folder");
  expect(fake.called("openFolder")).toHaveLength(1);
});

test("background settings apply at once, and a failed switch reverts", async () => {
  const user = await open();
  await user.click(await screen.findByRole("checkbox", { name: "Notify me when a connection needs attention" }));
  await waitFor(() => expect(fake.data.settings).toMatchObject({ quiet: true, tray: false }));
  await user.click(screen.getByRole("checkbox", { name: "Start at login" }));
  await waitFor(() => expect(fake.called("startAtLogin")).toEqual([[true]]));
  fake.fail("changeSettings", {
    code: "invalid_input",
    message: "This desktop shows no tray.",
    meaning: null,
    hint: null,
    field: "tray",
  });
  const tray = screen.getByRole("checkbox", { name: "Stay in the tray" });
  await user.click(tray);
  expect(await screen.findByText("This desktop shows no tray.")).toBeVisible();
  expect(tray).not.toBeChecked();
});

test("the refresh margin applies at once", async () => {
  const user = await open();
  expect(await screen.findByRole("radio", { name: "Automatic" })).toBeChecked();
  await user.click(screen.getByRole("radio", { name: "15 minutes" }));
  await waitFor(() => expect(fake.data.settings.margin).toBe("fifteen_minutes"));
  // Saving another setting later does not change it.
  await user.click(screen.getByRole("checkbox", { name: "Stay in the tray" }));
  await waitFor(() => expect(fake.data.settings).toMatchObject({ margin: "fifteen_minutes", tray: true }));
  fake.fail("changeSettings", {
    code: "data_busy",
    message: "Another program holds it.",
    meaning: null,
    hint: null,
    field: null,
  });
  await user.click(screen.getByRole("radio", { name: "1 minute" }));
  expect(await screen.findByText("Another program holds it.")).toBeVisible();
  expect(screen.getByRole("radio", { name: "15 minutes" })).toBeChecked();
});

test("a connection requested from a notification is shown", async () => {
  await open();
  fake.ask("c1");
  await waitFor(() => expect(screen.queryByRole("heading", { name: "Settings" })).toBeNull());
});
