// The fake host's names, notes, labels and order of connections.

import type { ConnectionEdit, Event, Summary } from "../bindings";
import type { Answer } from "./answer";
import { trouble, type FakeData } from "./data";

const wrong = (field: string, message: string) => ({
  ...trouble("invalid_input", message, "Nothing was changed.", "Choose another name."),
  field,
});

export function annotating(answer: Answer, data: () => FakeData, tell: (event: Event) => void) {
  function change(id: string, by: (before: Summary) => Partial<Summary>): void {
    const details = data().details[id];
    if (!details) throw trouble("not_found", "It does not exist any more.");
    details.summary = { ...details.summary, ...by(details.summary) };
    data().connections = data().connections.map((one) => (one.id === id ? details.summary : one));
  }
  return {
    editConnection: (id: string, edit: ConnectionEdit) =>
      answer("editConnection", [id, edit], () => {
        const name = edit.name?.trim();
        if (name === "") throw wrong("name", "A connection needs a name.");
        if (data().connections.some((one) => one.id !== id && one.name === name))
          throw wrong("name", `There is already a connection called “${name}”.`);
        change(id, ({ name: before, annotations }) => ({
          name: name ?? before,
          annotations: {
            label: edit.label == null ? annotations.label : edit.label.trim() || null,
            note: edit.note?.trim() ?? annotations.note,
            pinned: edit.pinned ?? annotations.pinned,
            position: annotations.position,
          },
        }));
        queueMicrotask(() => tell({ kind: "connection", value: id }));
        return null;
      }),
    arrangeConnections: (ids: string[], byName: boolean) =>
      answer("arrangeConnections", [ids, byName], () => {
        ids.forEach((id, place) =>
          change(id, ({ annotations }) => ({ annotations: { ...annotations, position: byName ? null : place } })),
        );
        queueMicrotask(() => tell({ kind: "apps" }));
        return null;
      }),
  };
}
