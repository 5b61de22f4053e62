// The environment of an app: editing, suggestions, errors, duplicates.
import { expect, test } from "vitest";
import { choose, fake, press, row, screen, start, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const submit = (user: { click: (element: Element) => Promise<void> }) =>
  user.click(document.querySelector("form button[type=submit]") as Element);

test("an app’s environment is edited, with those of other apps as suggestions", async () => {
  const user = await start("environments");
  await row(user, "Acme Meters");
  await screen.findByRole("heading", { name: "Acme Meters", level: 1 });
  expect(screen.getByText("Staging", { selector: "dd" })).toBeInTheDocument();
  await press(user, "Edit");
  await screen.findByRole("heading", { name: "Edit Acme Meters" });
  expect(field("environment")).toHaveValue("Staging");
  const offered = [...document.querySelectorAll<HTMLOptionElement>("#environment-list option")];
  expect(offered.map(({ value }) => value)).toEqual(["Production", "Staging"]);
  await user.clear(field("environment"));
  await user.type(field("environment"), "Production");
  await submit(user);
  await waitFor(() => expect(fake.called("changeApp")).toHaveLength(1));
  expect(fake.called("changeApp")[0]).toMatchObject(["acme-meters", { environment: "Production" }]);
});

test("an invalid environment is reported at its field", async () => {
  const user = await start("environments");
  await row(user, "Acme Meters");
  await press(user, "Edit");
  await screen.findByRole("heading", { name: "Edit Acme Meters" });
  fake.fail("changeApp", {
    code: "invalid_input",
    message: "This environment label is too long.",
    meaning: null,
    hint: null,
    field: "environment",
  });
  await user.type(field("environment"), "x");
  await submit(user);
  await waitFor(() => expect(field("environment")).toHaveFocus());
  expect(field("environment")).toHaveAccessibleDescription(/too long/);
});

test("an imported app has the environment of the file, unless another is entered", async () => {
  const user = await start("environments");
  await press(user, "Add app");
  await press(user, "Add app from a file or text…");
  await press(user, "Choose file…");
  await user.click(await screen.findByRole("radio", { name: /^Acme API 2/ }));
  expect(field("environment")).toHaveValue("Sandbox");
  await user.click(screen.getByRole("radio", { name: /^Acme API(?! 2)/ }));
  expect(field("environment")).toHaveValue("");
  await user.type(field("environment"), "Staging");
  await submit(user);
  await waitFor(() => expect(fake.called("addImported")).toHaveLength(1));
  expect(fake.called("addImported")[0]).toMatchObject([{ place: 0, environment: "Staging" }]);
});

test("a duplicate starts without an environment, and is named after the one that is entered", async () => {
  const user = await start("environments", () => {
    const [first] = fake.data.apps;
    if (first) first.name = "Acme (Production)";
    fake.data.connections = [];
  });
  await row(user, "Acme \\(Production\\)");
  await choose(user, "Duplicate app");
  await screen.findByRole("heading", { name: "Duplicate Acme (Production)" });
  expect(field("environment")).toHaveValue("");
  await user.type(field("environment"), "Staging");
  expect(field("name")).toHaveValue("Acme (Staging)");
  await user.clear(field("name"));
  await user.type(field("name"), "Mine");
  await user.type(field("environment"), " 2");
  expect(field("name")).toHaveValue("Mine");
  await user.type(field("client_secret"), "not-a-real-one");
  await submit(user);
  await waitFor(() => expect(fake.called("addApp")).toHaveLength(1));
  expect(fake.called("addApp")[0]).toMatchObject([{ name: "Mine", environment: "Staging 2" }]);
});
