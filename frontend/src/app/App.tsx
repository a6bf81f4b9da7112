/** The frame around everything: theme, toasts, and the way from signing in to the pages. */
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { styleNonce } from "@/app/nonce";
import { Start } from "@/app/Start";
import { cssVariables, theme } from "@/app/theme";

const nonce = styleNonce();

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      {...(nonce ? { getStyleNonce: () => nonce } : {})}
    >
      <Notifications position="bottom-right" limit={4} />
      <Start />
    </MantineProvider>
  );
}
