// Sign-ins under way, and those that are over.

import type { Attempt } from "../host";

export const isOver = (attempt: Attempt): boolean => !["waiting", "exchanging", "identifying"].includes(attempt.phase);

/** Whether a sign-in that is over is answered by a later one: of the same app, and for the same connection where it was for one. */
export const supersedes = (later: Attempt, one: Attempt): boolean =>
  isOver(one) &&
  later.app_id === one.app_id &&
  Date.parse(later.started_at) > Date.parse(one.started_at) &&
  (one.connection_id === null || later.connection_id === one.connection_id);
