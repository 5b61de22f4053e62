import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import { fake } from "../fake/fake";
import { sidebar } from "../state/sidebar.svelte";
import { router } from "../state/router.svelte";
import { appStore } from "../state/appStore.svelte";
import { press, start } from "../test/start";

const words = "harbour lamp eleven moss";
const section = async (name: string) =>
  within((await screen.findByRole("heading", { name })).closest("section") as HTMLElement);

test("a passphrase is entered twice, and a short one is refused", async () => {
  const user = await start("some");
  router.go({ page: "settings", group: "vault" });
  const vault = await section("Vault");
  await user.click(await vault.findByRole("button", { name: "Use a passphrase" }));
  await user.type(vault.getByLabelText("New passphrase"), words);
  await user.type(vault.getByLabelText("Confirm passphrase"), "other words");
  await user.click(vault.getByRole("button", { name: "Use this passphrase" }));
  expect(await vault.findByText("The passphrases don’t match.")).toBeVisible();
  expect(fake.called("protectWithPassphrase")).toEqual([]);
  for (const label of ["New passphrase", "Confirm passphrase"]) await user.clear(vault.getByLabelText(label));
  for (const label of ["New passphrase", "Confirm passphrase"]) await user.type(vault.getByLabelText(label), "short");
  await user.click(vault.getByRole("button", { name: "Use this passphrase" }));
  expect(await vault.findByText("Use at least 12 characters.")).toBeVisible();
  expect(fake.called("protectWithPassphrase")).toEqual([]);
  for (const label of ["New passphrase", "Confirm passphrase"]) {
    expect(vault.getByLabelText(label)).toHaveValue("short");
    await user.clear(vault.getByLabelText(label));
  }
  // Text that the host refuses is kept too.
  fake.fail("protectWithPassphrase", {
    code: "keyring_locked",
    message: "Your keyring is locked.",
    meaning: null,
    hint: null,
    field: null,
  });
  for (const label of ["New passphrase", "Confirm passphrase"]) await user.type(vault.getByLabelText(label), words);
  await user.click(vault.getByRole("button", { name: "Use this passphrase" }));
  expect(await vault.findByText("Your keyring is locked.")).toBeVisible();
  expect(vault.getByLabelText("New passphrase")).toHaveValue(words);
  fake.fail("protectWithPassphrase", null);
  await user.click(vault.getByRole("button", { name: "Use this passphrase" }));
  expect(await vault.findByText(/Unlocked with your passphrase/)).toBeVisible();
  await user.click(vault.getByRole("button", { name: "Use system keyring" }));
  expect(await vault.findByText(/by your system keyring/)).toBeVisible();
});

test("how much a passphrase lacks is told while it is typed, and as an error on blur", async () => {
  const user = await start("some");
  router.go({ page: "settings", group: "vault" });
  const vault = await section("Vault");
  await user.click(await vault.findByRole("button", { name: "Use a passphrase" }));
  expect(vault.getByLabelText("New passphrase")).toHaveFocus();
  await user.type(vault.getByLabelText("New passphrase"), "short");
  expect(vault.getByText("7 more characters needed.")).toBeVisible();
  expect(vault.queryByText("Use at least 12 characters.")).toBeNull();
  await user.tab();
  expect(await vault.findByText("Use at least 12 characters.")).toBeVisible();
  await user.type(vault.getByLabelText("New passphrase"), " and longer now");
  expect(vault.queryByText("Use at least 12 characters.")).toBeNull();
});

test("a vault with a passphrase is locked now, after a time, or on suspend", async () => {
  const user = await start("some", () => (fake.data.protection = "passphrase"));
  router.go({ page: "settings", group: "vault" });
  const vault = await section("Vault");
  await user.selectOptions(await vault.findByRole("combobox", { name: "Lock automatically" }), "After 5 minutes");
  await expect.poll(() => fake.data.settings.auto_lock).toBe("five_minutes");
  await user.click(vault.getByRole("switch", { name: "Lock on suspend" }));
  await expect.poll(() => fake.data.settings.lock_on_suspend).toBe(true);
  await press(user, "Lock now");
  await expect.poll(() => fake.called("lockVault")).toHaveLength(1);
  expect(await vault.findByRole("button", { name: "Locked" })).toBeDisabled();
  expect(screen.getByRole("region", { name: "The vault is locked" })).toBeVisible();
});

test("a vault that the keyring unlocks has nothing to lock", async () => {
  await start("some");
  router.go({ page: "settings", group: "vault" });
  const vault = await section("Vault");
  expect(await vault.findByRole("button", { name: "Use a passphrase" })).toBeVisible();
  expect(vault.queryByRole("button", { name: "Lock now" })).toBeNull();
});

test("keys and clicks in the window are reported, but not each", async () => {
  const user = await start("some");
  await user.keyboard("{Shift}{Shift}{Shift}");
  await user.click(document.body);
  expect(fake.called("recordInput")).toHaveLength(1);
});

test("a locked vault is unlocked in its notice", async () => {
  const user = await start("passphrase");
  const told = await screen.findByRole("region", { name: "The vault is locked" });
  const notice = within(told);
  // The locked vault is normal at start, and no failure.
  expect(screen.queryByRole("alert")).toBeNull();
  expect(notice.getByLabelText("Passphrase")).toHaveFocus();
  const place = () => notice.getByRole("button", { name: "Unlock" }).previousElementSibling;
  expect(place()).toContainElement(notice.getByLabelText("Passphrase"));
  await user.type(notice.getByLabelText("Passphrase"), "wrong");
  await user.click(notice.getByRole("button", { name: "Unlock" }));
  expect(await notice.findByText(/not the passphrase/)).toBeVisible();
  expect(notice.getByLabelText("Passphrase")).toHaveValue("");
  expect(notice.getByLabelText("Passphrase")).toHaveFocus();
  expect(place()).toContainElement(notice.getByLabelText("Passphrase"));
  await user.type(notice.getByLabelText("Passphrase"), words);
  await user.click(notice.getByRole("button", { name: "Unlock" }));
  await expect.poll(() => appStore.vault).toBeNull();
});

test("if the key is lost, the vault is reset after a system confirmation", async () => {
  const user = await start("vault", () => (fake.data.agrees = false));
  const locked = within(await screen.findByRole("alert", { name: "The vault can’t be opened" }));
  expect(locked.queryByRole("button", { name: "Reset vault…" })).toBeNull();
  fake.tell({
    kind: "vault",
    value: { code: "key_missing", message: "Your keyring has no key.", meaning: null, hint: null, field: null },
  });
  const lost = within(await screen.findByRole("alert", { name: "The vault can’t be opened" }));
  await user.click(await lost.findByRole("button", { name: "Reset vault…" }));
  await expect.poll(() => fake.called("resetVault")).toHaveLength(1);
  expect(appStore.vault).not.toBeNull();
  fake.data.agrees = true;
  fake.fail("resetVault", {
    code: "keyring_locked",
    message: "Your keyring is locked.",
    meaning: null,
    hint: null,
    field: null,
  });
  await user.click(lost.getByRole("button", { name: "Reset vault…" }));
  expect(await lost.findByText("Your keyring is locked.")).toBeVisible();
  fake.fail("resetVault", null);
  await user.click(lost.getByRole("button", { name: "Reset vault…" }));
  await expect.poll(() => appStore.vault).toBeNull();
});

test("an import is previewed", async () => {
  const user = await start("some");
  router.go({ page: "settings", group: "data" });
  const archive = await section("Export and import");
  await user.click(archive.getByRole("button", { name: "Export…" }));
  expect(archive.getAllByLabelText(/passphrase/)).toHaveLength(2);
  // One form at a time.
  await user.click(archive.getByRole("button", { name: "Import…" }));
  expect(archive.getAllByLabelText(/passphrase/)).toHaveLength(1);
  expect(archive.getByLabelText("File passphrase")).toHaveFocus();
  await user.type(archive.getByLabelText("File passphrase"), words);
  await user.click(archive.getByRole("button", { name: "Choose file…" }));
  expect(await archive.findByText("New, as “Acme production 2”")).toBeVisible();
  expect(archive.getByText(/on one computer only/)).toBeVisible();
  expect(fake.called("importArchive")).toEqual([]);
  await user.click(archive.getByRole("button", { name: "Import without tokens" }));
  expect(await archive.findByText("Imported.")).toBeVisible();
  expect(fake.called("importArchive")).toEqual([[false]]);
  await user.click(archive.getByRole("button", { name: "Close" }));
  await user.click(await archive.findByRole("button", { name: "Export…" }));
  await user.type(await archive.findByLabelText("File passphrase"), words);
  await user.type(archive.getByLabelText("Confirm passphrase"), words);
  const chosen = fake.data.chosen;
  fake.data.chosen = null;
  await user.click(archive.getByRole("button", { name: "Save file…" }));
  await expect.poll(() => fake.called("exportArchive")).toHaveLength(1);
  expect(archive.queryByText(/Exported/)).toBeNull();
  fake.data.chosen = chosen;
  await user.click(archive.getByRole("button", { name: "Save file…" }));
  expect(
    await archive.findByText(/Exported 2 apps and 4 connections \(4 with tokens\) to \/home\/amelie\/grapnel.age/),
  ).toBeVisible();
});

test("diagnostics results are shown, and can be copied", async () => {
  const user = await start("some");
  router.go({ page: "settings", group: "diagnostics" });
  const doctor = await section("Diagnostics");
  await user.click(doctor.getByRole("button", { name: "Run diagnostics" }));
  expect(await doctor.findByText("Error")).toBeInTheDocument();
  const summary = doctor.getByText(/checks: /).parentElement as HTMLElement;
  expect(summary).toHaveTextContent(/^\d+ checks: .*1 error\.$/);
  await user.click(doctor.getByRole("button", { name: "Copy diagnostics" }));
  expect(fake.called("copyDiagnosis")).toHaveLength(1);
});

test("a check with a problem leads to what helps", async () => {
  const user = await start("some");
  router.go({ page: "settings", group: "diagnostics" });
  const doctor = await section("Diagnostics");
  await user.click(doctor.getByRole("button", { name: "Run diagnostics" }));
  sidebar.text = "what hides them";
  await user.click(await doctor.findByRole("button", { name: "Show connections" }));
  expect(sidebar).toMatchObject({ category: "attention", text: "" });
  await user.click(doctor.getByRole("button", { name: "Open Vault" }));
  expect(router.route).toEqual({ page: "settings", group: "vault" });
});

test("the activity is searched", async () => {
  const user = await start("some");
  router.go({ page: "activity" });
  await user.type(await screen.findByLabelText("Search"), "clipboard");
  await expect.poll(() => fake.called("activity").at(-1)).toEqual([null, "clipboard", []]);
  expect(await screen.findByText(/copied to the clipboard/)).toBeVisible();
  expect(screen.queryByText(/after one retry/)).toBeNull();
});

test("an error leads to its own page of the settings from another one, and not from there", async () => {
  const wrong = { ...trouble("provider_unavailable", "The proxy refuses."), next_step: "open_settings" as const };
  const user = await start("some");
  router.go({ page: "settings", group: "about" });
  appStore.notify("It failed", wrong);
  await press(user, "Open Settings");
  expect(router.route).toEqual({ page: "settings", group: "network" });
  await waitFor(() => expect(screen.queryByRole("button", { name: "Open Settings" })).toBeNull());
});
