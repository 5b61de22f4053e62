import { mount } from "svelte";
import "./tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/floating.css";
import "./styles/frame.css";
import "./styles/lists.css";
import "./styles/narrow.css";
import App from "./App.svelte";
import { themePreference } from "./state/theme.svelte";
import { zoom } from "./state/zoom.svelte";

themePreference.apply();
if (zoom.percent !== 100) zoom.apply();
const target = document.getElementById("app");
if (target) mount(App, { target });
