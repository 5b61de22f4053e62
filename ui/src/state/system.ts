// The operating system, as the web view names it.

const agent = (): string => globalThis.navigator?.userAgent ?? "";

export const isMac = (): boolean => agent().includes("Mac");
export const isWindows = (): boolean => agent().includes("Windows");
