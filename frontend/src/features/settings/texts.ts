/** Texts of the deployment's settings. */
export const texts = {
  settings: {
    title: "Settings",
    lead: "What holds for everybody of this deployment.",
    readFailed: "The settings could not be read",
    defaultRole: "Who signs in without an invitation or a group is",
    nobody: "Nobody",
    nobodyText: "They are shown out. Only who was invited, or has a group that gives a role, comes in.",
    limit: "Devices that a member may own",
    limitHint: "0 to 100. Who owns more than a lower limit keeps them, and adds none.",
    limitWrong: "A number from 0 to 100.",
    save: "Save settings",
    savedToast: "The settings are saved",
    savedToastText: "They take hold within a minute.",
  },
} as const;
