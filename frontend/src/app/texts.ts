/** English: the frame's, the shared and the first page's texts are in the bundle, other pages bring their own. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { texts as frame } from "@/app/frameTexts";
import { texts as shared } from "@/components/texts";
import { texts as networks } from "@/features/networks/texts";

void i18next.use(initReactI18next).init({
  lng: "en",
  resources: { en: { translation: { ...frame, ...shared, ...networks } } },
  interpolation: { escapeValue: false }, // React escapes
  initAsync: false,
});
