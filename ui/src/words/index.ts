// All texts of the window.

export { activity, connection, fingerprint, named, scopeWords } from "./connection";
export {
  addApp,
  app,
  changeApp,
  certificate,
  clientKey,
  duplicateApp,
  endpointTest,
  importApp,
  rediscovery,
  registration,
  profileFile,
  sourceWord,
  type ValueSource,
} from "./apps";
export { bulk, removal } from "./bulk";
export { browse } from "./browse";
export { common, phaseWord, side, stateSentence, stateWord, type Hindrance } from "./common";
export { connect } from "./connect";
export { count, list, number, of } from "./number";
export { palette } from "./palette";
export { choiceWord, inFormWords, profileKeys, redirectMethod, valueId, valueWord } from "./profile";
export { requests } from "./requests";
export { about, archive, doctor, hooks, settings, vault } from "./settings";
export { shortcutWords } from "./shortcuts";
export { sharedWords, teamWords } from "./team";
export * as time from "./time";
export { token } from "./token";
export { isMoment, value } from "./value";
