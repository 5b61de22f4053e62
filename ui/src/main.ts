import { mount } from "svelte";
import "./tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/floating.css";
import "./styles/frame.css";
import "./styles/lists.css";
import "./styles/narrow.css";
import App from "./App.svelte";
import { choice } from "./state/theme.svelte";

choice.apply();
const target = document.getElementById("app");
if (target) mount(App, { target });
