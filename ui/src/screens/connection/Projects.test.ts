// The names of the authorized projects, in front of the fake host.
import { expect, test } from "vitest";
import { fake, screen, start, waitFor } from "../../test/start";

test("a project that was authorized since is loaded, and one that the provider leaves out once", async () => {
  const user = await start("some");
  const tab = async (name: string) => user.click(await screen.findByRole("tab", { name }));
  const asked = () => fake.called("projects").filter(([, cached]) => !cached).length;
  await tab("Browse");
  await waitFor(() => expect(document.querySelector(".project")).not.toBeNull());
  expect(asked()).toBe(1);
  await tab("Overview");
  const c1 = fake.data.details["c1"];
  const [first] = fake.data.projects;
  if (!c1 || !first) throw new Error("no projects");
  fake.data.projects = [...fake.data.projects, { ...first, id: "p9", name: "Acme Quay" }];
  c1.project_ids = [...c1.project_ids, "p9", "left-out"];
  fake.tell({ kind: "connection", value: "c1" });
  await screen.findByText("p9");
  expect(screen.getByRole("button", { name: "Load names" })).toBeEnabled();
  await tab("Browse");
  await screen.findByText("Acme Quay");
  await tab("Overview");
  await screen.findByText("left-out");
  expect(screen.queryByRole("button", { name: "Load names" })).toBeNull();
  await tab("Browse");
  await screen.findByText("Acme Quay");
  expect(asked()).toBe(2);
});
