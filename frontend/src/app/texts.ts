/** English, in the bundle. Another language is another file of this shape. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { english } from "@/app/english";

void i18next.use(initReactI18next).init({
  lng: "en",
  resources: { en: { translation: english } },
  interpolation: { escapeValue: false }, // React escapes
  initAsync: false,
});
