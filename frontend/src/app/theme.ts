/** Colours and sizes; every text passes WCAG AA on its ground, in both schemes. */
import { type CSSVariablesResolver, createTheme } from "@mantine/core";
import { texts } from "@/app/frameTexts";

/** Menus and tooltips belong to a landmark: this place is within the main one. */
export const PORTALS_ID = "portals";
const PORTALS = `#${PORTALS_ID}`;

export const theme = createTheme({
  primaryColor: "cyan",
  primaryShade: 9,
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "JetBrains Mono", "SF Mono", Menlo, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
  components: {
    Modal: { defaultProps: { centered: false, radius: "lg", padding: "lg", transitionProps: { duration: 120 } } },
    Alert: { styles: { title: { color: "var(--mantine-color-text)" } } },
    Notification: {
      defaultProps: { closeButtonProps: { "aria-label": texts.app.dismiss } },
      styles: { description: { color: "var(--mantine-color-dimmed)" } },
    },
    Menu: { defaultProps: { withInitialFocusPlaceholder: false, portalProps: { target: PORTALS } } },
    Tooltip: { defaultProps: { portalProps: { target: PORTALS }, withArrow: true, openDelay: 250 } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: { "--wirety-rail": "188px" },
  light: {
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-placeholder": "#6c737a",
    "--mantine-color-error": "#c92a2a",
    "--wirety-online": "#2b8a3e",
    "--wirety-idle": "#8f5a00",
    "--wirety-offline": "#5c636a",
    "--wirety-blocked": "#c92a2a",
  },
  dark: {
    "--mantine-color-dimmed": "#a6adb4",
    "--mantine-color-placeholder": "#979ea5",
    "--mantine-color-error": "#ff8787",
    "--wirety-online": "#69db7c",
    "--wirety-idle": "#ffd43b",
    "--wirety-offline": "#a6adb4",
    "--wirety-blocked": "#ff8787",
  },
});
