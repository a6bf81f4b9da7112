/** English, in the bundle: each feature's room beside the frame's and the shared one. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { texts as frame } from "@/app/frameTexts";
import { texts as shared } from "@/components/texts";
import { texts as changes } from "@/features/changes/texts";
import { texts as networks } from "@/features/networks/texts";
import { texts as peers } from "@/features/peers/texts";

export const english = { ...frame, ...shared, ...networks, ...peers, ...changes } as const;

void i18next.use(initReactI18next).init({
  lng: "en",
  resources: { en: { translation: english } },
  interpolation: { escapeValue: false }, // React escapes
  initAsync: false,
});
