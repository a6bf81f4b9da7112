/** Texts of what features share. */
export const texts = {
  words: {
    actions: "Actions",
    actionsOf: "Actions for {{name}}",
    cancel: "Cancel",
    copy: "Copy",
    copied: "Copied",
    readOnly: "Your role reads only.",
    required: "This is needed.",
    tryAgain: "Try again",
    typeName: "Type {{name}} to confirm",
  },
  page: {
    title: "{{page}} · Wirety",
    back: "Back to the networks",
    reading: "Reading {{what}}",
    path: "Where this page is",
  },
  table: {
    noResults: "Nothing matches",
    noResultsText: "Other words or fewer filters find more.",
    clear: "Clear search and filters",
    scroll: "{{table}}, rows and columns",
    select: "Select {{name}}",
    selectAll: "Select all",
    selected_one: "{{count}} selected",
    selected_other: "{{count}} selected",
    unselect: "Clear selection",
    bulk: "Actions for what is selected",
  },
  statuses: {
    pending: "Pending",
    online: "Online",
    idle: "Idle",
    offline: "Offline",
    blocked: "Blocked",
  },
} as const;
