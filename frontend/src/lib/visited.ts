/** Pages that are loaded when they are visited, and the texts that they say with them. */
import { lazyRouteComponent } from "@tanstack/react-router";
import i18next from "i18next";
import type { ComponentType } from "react";

type Page = { default: ComponentType };
type Texts = { texts: object };

/** `texts`: of every feature that the page shows something of. */
export function visited(page: () => Promise<Page>, ...texts: ReadonlyArray<() => Promise<Texts>>) {
  return lazyRouteComponent(async () => {
    const [loaded, ...rooms] = await Promise.all([page(), ...texts.map((load) => load())]);
    for (const room of rooms) i18next.addResourceBundle("en", "translation", room.texts, true);
    return loaded;
  });
}
