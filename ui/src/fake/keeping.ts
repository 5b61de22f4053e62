// The fake host's settings, vault, archives and doctor.

import type { Changes, ConnectionEventKind, Event, Imported, KnownPage, Settings } from "../bindings";
import type { Answer } from "./answer";
import { annotating } from "./annotating";
import { at, trouble, type FakeData } from "./data";

const short = () => ({
  ...trouble("invalid_input", "The passphrase has fewer than 12 characters.", null, "Take four or five words."),
  field: "passphrase",
});

export function keeping(answer: Answer, data: () => FakeData, tell: (event: Event) => void) {
  const plan = (renewable: number): Imported => ({
    exported_at: at(0),
    renewable,
    lines: [
      { what: "app", name: "Acme Sites", outcome: "same", here: "Acme Sites", why: null, other_hosts: [] },
      {
        what: "connection",
        name: "Acme production",
        outcome: "renamed",
        here: "Acme production 2",
        why: null,
        other_hosts: [],
      },
    ],
  });
  return {
    ...annotating(answer, data, tell),
    settings: () =>
      answer("settings", [], () => ({
        settings: data().settings,
        folder: "/home/amelie/.local/share/grapnel",
        at_login: false,
        in_tray: data().settings.tray ?? false,
      })),
    changeSettings: (changes: Changes) =>
      answer("changeSettings", [changes], () => {
        const settings = { ...data().settings, ...changes } as Settings;
        if (settings.proxy && !settings.proxy.includes("://"))
          throw {
            ...trouble(
              "invalid_input",
              "The proxy’s address does not begin with http://, https://, socks5:// or socks5h://.",
              null,
              "It looks like http://proxy.example:3128.",
            ),
            field: "proxy",
          };
        const asks = (["browser", "proxy"] as const).some(
          (key) => settings[key] && settings[key] !== data().settings[key],
        );
        return asks && data().agrees === false ? null : (data().settings = settings);
      }),
    chooseCertificates: () =>
      answer("chooseCertificates", [], () =>
        data().chosen ? (data().settings = { ...data().settings, certificates: "/etc/ssl/company.pem" }) : null,
      ),
    checkProxy: () =>
      answer("checkProxy", [], () =>
        data().settings.proxy?.includes("nowhere")
          ? trouble(
              "invalid_input",
              "The proxy is saved, but could not be reached: connection refused.",
              "While it can’t be reached, tokens aren’t refreshed, and sign-ins fail.",
              "Check host and port, or your network.",
            )
          : null,
      ),
    startAtLogin: (on: boolean) => answer("startAtLogin", [on], () => null),
    hooks: () => answer("hooks", [], () => data().hooks),
    addHook: (event: ConnectionEventKind, command: string) =>
      answer("addHook", [event, command], () => {
        if (!command.startsWith("/"))
          throw {
            ...trouble("invalid_input", `There is no program “${command}” in PATH.`, "No hook was set.", null),
            field: "command",
          };
        if (data().agrees === false) return false;
        data().hooks = [...data().hooks, { id: `hook-${data().hooks.length}`, event, command, last_run: null }];
        return true;
      }),
    removeHook: (id: string) =>
      answer("removeHook", [id], () => ((data().hooks = data().hooks.filter((hook) => hook.id !== id)), null)),
    testHook: (id: string) =>
      answer("testHook", [id], () => {
        const hook = data().hooks.find((hook) => hook.id === id);
        const run = { at: at(0), failure: hook?.command?.endsWith("fail") ? "exited with 1" : null };
        data().hooks = data().hooks.map((one) => (one === hook ? { ...one, last_run: run } : one));
        return run;
      }),
    openFolder: () => answer("openFolder", [], () => null),
    protection: () => answer("protection", [], () => data().protection ?? ("keyring" as const)),
    unlock: (word: string) =>
      answer("unlock", [word.length], () => {
        if (word.length < 12)
          throw trouble(
            "passphrase_wrong",
            "This is not the passphrase of this vault.",
            "Nothing is lost.",
            "Try again.",
          );
        data().vault = null;
        queueMicrotask(() => tell({ kind: "vault", value: null }));
        return null;
      }),
    lockVault: () =>
      answer("lockVault", [], () => {
        const locked = trouble("passphrase_needed", "The vault is locked, and opens with your passphrase.");
        data().vault = locked;
        queueMicrotask(() => tell({ kind: "vault", value: locked }));
        return null;
      }),
    missedEvents: () => answer("missedEvents", [], () => data().missed.splice(0)),
    pagePainted: () => answer("pagePainted", [], () => null),
    recordInput: () => answer("recordInput", [], () => null),
    protectWithPassphrase: (word: string) =>
      answer("protectWithPassphrase", [word.length], () => {
        if (word.length < 12) throw short();
        data().protection = "passphrase";
        return null;
      }),
    protectWithKeyring: () => answer("protectWithKeyring", [], () => ((data().protection = "keyring"), null)),
    resetVault: () =>
      answer("resetVault", [], () => {
        if (data().agrees === false) return false;
        data().vault = null;
        queueMicrotask(() => tell({ kind: "vault", value: null }));
        return true;
      }),
    diagnose: () =>
      answer("diagnose", [], () => ({
        version: "0.1.0",
        system: "Debian, x86_64",
        held: [],
        recent: [],
        checks: [
          { name: "Database", verdict: "fine" as const, code: null, found: "Sound.", meaning: null, hint: null },
          {
            name: "Vault",
            verdict: "broken" as const,
            code: "keyring_locked" as const,
            found: "Your keyring is locked.",
            meaning: "None of your tokens is lost.",
            hint: "Unlock it.",
          },
          {
            name: "Connections",
            verdict: "attention" as const,
            code: "reconnect_needed" as const,
            found: "4 in all: 1 reconnect needed.",
            meaning: "Programs that use them stop working when their access tokens expire.",
            hint: "Reconnect them in the browser.",
          },
        ],
      })),
    openPage: (page: KnownPage) => answer("openPage", [page], () => null),
    about: () =>
      answer("about", [], () => ({
        version: "0.1.0",
        licence: "MIT OR Apache-2.0",
        source: "https://github.com/grapnel-app/grapnel",
        notices: Array.from({ length: 40 }, (_, n) => `crate-${n} 1.0.${n}  MIT OR Apache-2.0`).join("\n"),
      })),
    copyDiagnosis: (given: unknown) => answer("copyDiagnosis", [given], () => null),
    exportArchive: (word: string, tokens: boolean, moves: boolean) =>
      answer("exportArchive", [word.length, tokens, moves], () => {
        if (word.length < 12) throw short();
        if (!data().chosen) return null;
        return {
          file: data().chosen!,
          exported: { apps: 2, connections: 4, with_tokens: tokens ? 4 : 0, renewable: tokens ? 4 : 0, moved: moves },
        };
      }),
    openArchive: (word: string) => answer("openArchive", [word.length], () => (data().chosen ? plan(1) : null)),
    importArchive: (tokens: boolean) => answer("importArchive", [tokens], () => plan(tokens ? 1 : 0)),
    closeArchive: () => answer("closeArchive", [], () => null),
  };
}
