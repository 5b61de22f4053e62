// Replaces the bindings in tests and in fake mode: the same commands and events, without a host.

import type * as real from "../bindings";
import { fake } from "./fake";

type Commands = typeof real.commands;

export const commands: Commands = fake.commands;

export const events = {
  coreEvent: {
    listen: (heard: (message: { payload: real.Event }) => void) =>
      Promise.resolve(fake.listen((payload) => heard({ payload }))),
  },
  sandboxRequested: {
    listen: (told: (message: { payload: real.Error | null }) => void) =>
      Promise.resolve(fake.sandboxRequested.listen((payload) => told({ payload }))),
  },
  appRequested: {
    listen: (open: (event: { payload: string }) => void) =>
      Promise.resolve(fake.appRequested.listen((payload) => open({ payload }))),
  },
  connectionRequested: {
    listen: (open: (message: { payload: string }) => void) =>
      Promise.resolve(fake.connectionRequested.listen((payload) => open({ payload }))),
  },
};
