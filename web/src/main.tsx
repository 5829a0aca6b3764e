import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { takeCredentials } from "./app/credentials";
import { keepAppOnDevice } from "./offline/register";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/floating.css";
import "./styles/list.css";
import "./styles/print.css";

takeCredentials();
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
keepAppOnDevice();
