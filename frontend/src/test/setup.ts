/** What jsdom lacks and the components ask for; requests go to handlers of the test, or fail it. */
import { cleanup, configure } from "@testing-library/react";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, vi } from "vitest";

import "@/test/english";

configure({ asyncUtilTimeout: 10_000 }); // a page that is loaded when visited, on a machine that does much else

export const server = setupServer();

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  server.resetHandlers();
});
afterAll(() => server.close());

class NoResizes {
  observe() {}
  unobserve() {}
  disconnect() {}
}
vi.stubGlobal("ResizeObserver", NoResizes);
vi.stubGlobal("matchMedia", (query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => {},
  removeEventListener: () => {},
}));
Object.defineProperty(window, "scrollTo", { value: () => {} });
Object.defineProperty(HTMLElement.prototype, "scrollIntoView", { value: () => {} });
for (const size of ["clientHeight", "offsetHeight", "offsetWidth"]) {
  Object.defineProperty(HTMLElement.prototype, size, { value: 600 });
}
