// Adding an app from a file or pasted text, and duplicating one.
import { expect, test } from "vitest";
import { choose, fake, press, row, screen, start, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const submit = (user: { click: (element: Element) => Promise<void> }) =>
  user.click(document.querySelector("form button[type=submit]") as Element);
type User = Awaited<ReturnType<typeof start>>;

async function open(user: User) {
  await press(user, "Add app");
  await press(user, "Add app from a file or text…");
  await screen.findByRole("heading", { name: "Add app from…" });
}

test("an imported app is previewed, and added without its secret on the page", async () => {
  const user = await start("some");
  await open(user);
  await press(user, "Choose file…");
  expect(await screen.findByRole("heading", { name: "What was understood" })).toHaveFocus();
  expect(screen.getByText("Secret, for the vault")).toBeInTheDocument();
  expect(screen.getByText("Acme API: clientId")).toBeInTheDocument();
  expect(screen.getByText(/Tokens are not imported/)).toBeInTheDocument();
  expect(screen.getByRole("heading", { name: "Requests go to these hosts:" })).toBeInTheDocument();
  expect(field("client_secret")).toBeNull();
  await submit(user);
  await screen.findByRole("heading", { name: /^Connect Acme API/ });
  expect(fake.called("addImported")).toEqual([
    [
      {
        place: 0,
        name: "Acme API",
        environment: "",
        client_id: "",
        client_secret: null,
        redirect: "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab",
        endpoints: { issuer: "" },
      },
    ],
  ]);
  expect(fake.called("discardImport")).toEqual([]);
});

test("one of several apps is chosen, and its missing values are requested", async () => {
  const user = await start("some");
  await open(user);
  await press(user, "Choose file…");
  await user.click(await screen.findByRole("radio", { name: /Acme API 2/ }));
  await submit(user);
  await waitFor(() => expect(field("authorize_url")).toHaveFocus());
  expect(field("authorize_url")).toHaveAccessibleDescription("This field is required.");
  expect(fake.called("addImported")).toEqual([]);
  await user.type(field("authorize_url"), "https://id.acme.example/authorize");
  await user.type(field("client_id"), "acme");
  await submit(user);
  await waitFor(() => expect(fake.called("addImported")).toHaveLength(1));
  expect(fake.called("addImported")[0]).toMatchObject([{ place: 1, client_id: "acme" }]);
});

test("unrecognized text is kept with an error, and leaving discards the import", async () => {
  const user = await start("some");
  await open(user);
  await user.type(field("pasted"), "shopping");
  await press(user, "Read text");
  expect(await screen.findByRole("alert")).toHaveTextContent("The format of this text is not known.");
  expect(field("pasted")).toHaveValue("shopping");
  await user.clear(field("pasted"));
  await user.type(field("pasted"), "curl https://id.acme.example/token -u a:b");
  await press(user, "Read text");
  await screen.findByRole("heading", { name: "What was understood" });
  await press(user, "Cancel");
  await waitFor(() => expect(fake.called("discardImport")).toHaveLength(1));
});

test("a cancelled file dialog changes nothing", async () => {
  const user = await start("some", () => (fake.data.chosen = null));
  await open(user);
  await press(user, "Choose file…");
  await waitFor(() => expect(fake.called("importFile")).toHaveLength(1));
  expect(screen.getByRole("button", { name: "Choose file…" })).toBeEnabled();
});

test("a duplicate starts with everything but the secret and the redirect URI", async () => {
  const user = await start("app");
  await row(user, "Acme Sites");
  await choose(user, "Duplicate app");
  await screen.findByRole("heading", { name: "Duplicate Acme Sites" });
  const [original] = fake.data.apps;
  expect(field("client_id")).toHaveValue(original?.client_id);
  expect(field("client_secret")).toHaveValue("");
  expect(field("name")).toHaveValue("");
  await user.type(field("name"), "Acme staging");
  await user.type(field("client_secret"), "not-a-real-one");
  await submit(user);
  await waitFor(() => expect(fake.called("addApp")).toHaveLength(1));
  expect(fake.called("addApp")[0]).toMatchObject([{ name: "Acme staging", client_id: original?.client_id }]);
  expect(fake.called("addApp")[0]).toMatchObject([{ redirect: "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab" }]);
});
