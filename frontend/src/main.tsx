/** Starts the console: where people sign in is asked first, everything else follows from it. */
import "@/app/styles";
import "@/app/texts";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { styleNonce } from "@/app/nonce";

const nonce = styleNonce();
if (nonce) setNonce(nonce);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
