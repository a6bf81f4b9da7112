/** All texts, also those that pages bring along when they are visited. */
import "@/app/texts";
import i18next from "i18next";
import { texts as frame } from "@/app/frameTexts";
import { texts as shared } from "@/components/texts";

const features = import.meta.glob<{ texts: object }>("../features/*/texts.ts", { eager: true });
for (const { texts } of Object.values(features)) i18next.addResourceBundle("en", "translation", texts, true);

export const english: object = Object.assign({}, frame, shared, ...Object.values(features).map(({ texts }) => texts));
