// Running and finished sign-in attempts.

import type { Attempt } from "../host";

export const isOver = (attempt: Attempt): boolean => !["waiting", "exchanging", "identifying"].includes(attempt.phase);

/** Whether `later` makes the finished attempt `one` obsolete: same app, and same connection if it had one. */
export const supersedes = (later: Attempt, one: Attempt): boolean =>
  isOver(one) &&
  later.app_id === one.app_id &&
  Date.parse(later.started_at) > Date.parse(one.started_at) &&
  (one.connection_id === null || later.connection_id === one.connection_id);
